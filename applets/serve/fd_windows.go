package serve

// isOpen reports that descriptors are not passed by number here.
func isOpen(int) bool { return false }
