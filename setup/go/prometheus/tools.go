//go:build tools

// Package prometheus pins the Prometheus that set-up builds where neither PATH nor a package has one.
package prometheus

import _ "github.com/prometheus/prometheus/cmd/prometheus"
