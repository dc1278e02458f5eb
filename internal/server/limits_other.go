//go:build !linux

package server

// fitDescriptors does nothing: what a connection takes is known on Linux only.
func fitDescriptors(*Config) {}

// keepDescriptors does nothing: there are no programs here.
func keepDescriptors() {}
