// Package zoo has the peers that tests meet: servers that answer late, half-close,
// drip, cling, fall silent or reset, and clients that are no better. It is for
// tests and for scripts that compare tools, on Linux; the product never imports it.
package zoo
