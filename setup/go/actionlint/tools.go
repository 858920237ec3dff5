//go:build tools

// Package tools pins actionlint, which set-up builds.
package tools

import _ "github.com/rhysd/actionlint/cmd/actionlint"
