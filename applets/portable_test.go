//go:build portable || !linux

package applets_test

// portable: serve has the loop, and the runners, of systems that are not Linux.
const portable = true
