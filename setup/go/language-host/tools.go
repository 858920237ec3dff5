//go:build tools

// Package languagehost pins the last sdk/v3 module that still holds Pulumi's Node language host.
package languagehost

import _ "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs"
