package sweep

import "math/rand/v2"

// order is a random permutation of 0…n-1 that needs no memory: a Feistel network
// over the next power of four, walked until it lands below n.
type order struct {
	n    uint64
	half uint // bits in each half
	keys [4]uint64
}

func newOrder(n int64) order {
	o := order{n: uint64(n), half: 1}
	for 1<<(2*o.half) < o.n {
		o.half++
	}
	for i := range o.keys {
		o.keys[i] = rand.Uint64()
	}
	return o
}

// at is where i goes.
func (o *order) at(i int64) int64 {
	v := uint64(i)
	for {
		v = o.mix(v)
		if v < o.n {
			return int64(v)
		}
	}
}

func (o *order) mix(v uint64) uint64 {
	mask := uint64(1)<<o.half - 1
	left, right := v>>o.half, v&mask
	for _, key := range o.keys {
		x := (right + key) * 0x9e3779b97f4a7c15
		left, right = right, left^(x>>32)&mask
	}
	return left<<o.half | right
}
