//go:build tools

// Package engine pins the Pulumi CLI and engine that set-up builds where no `pulumi` is on PATH.
package engine

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
