//go:build !linux

package handler

func kinds() []kind { return []kind{timed()} }
