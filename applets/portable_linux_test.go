//go:build !portable

package applets_test

const portable = false
