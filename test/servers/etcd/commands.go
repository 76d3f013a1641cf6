//go:build tools

// Package servers pins the etcd server that the tests build; see ensure.sh one folder up.
package servers

import _ "go.etcd.io/etcd/server/v3"
