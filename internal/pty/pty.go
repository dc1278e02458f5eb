// Package pty opens pseudo-terminals (pty(7)), at which tests, and the maker of the
// README's picture, have programs sit. Linux has it.
package pty
