package load

// fill writes bytes that depend on a number, different ones for different numbers
// (Marsaglia's xorshift).
func fill(b []byte, number uint64) {
	x := (number + 1) * 0x9e3779b97f4a7c15
	for i := range b {
		if i%8 == 0 {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
		}
		b[i] = byte(x >> (i % 8 * 8))
	}
}

// Text is a request of n bytes: letters, and a newline at the end, for servers that
// answer line by line.
func Text(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	if n > 0 {
		b[n-1] = '\n'
	}
	return b
}
