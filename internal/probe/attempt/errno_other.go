//go:build !unix

package attempt

import (
	"strconv"
	"syscall"
)

// Windows Sockets error numbers (winsock2.h).
const (
	wsaEMFILE        = 10024
	wsaEADDRNOTAVAIL = 10049
	wsaENETDOWN      = 10050
	wsaENETUNREACH   = 10051
	wsaECONNABORTED  = 10053
	wsaECONNRESET    = 10054
	wsaENOBUFS       = 10055
	wsaETIMEDOUT     = 10060
	wsaECONNREFUSED  = 10061
	wsaEHOSTUNREACH  = 10065
)

// ofErrno is the outcome that an error number stands for.
func ofErrno(e syscall.Errno) Outcome {
	switch e {
	case wsaECONNREFUSED:
		return Refused
	case wsaETIMEDOUT:
		return Timeout
	case wsaECONNRESET, wsaECONNABORTED:
		return Reset
	case wsaEHOSTUNREACH, wsaENETUNREACH, wsaENETDOWN:
		return Unreachable
	}
	return LocalError
}

// isLocal tells errors that are this side's whatever the phase.
func isLocal(e syscall.Errno) bool {
	return e == wsaEMFILE || e == wsaENOBUFS || e == wsaEADDRNOTAVAIL
}

// errnoName is the symbolic name of an error number, "" for none.
func errnoName(e syscall.Errno) string {
	switch e {
	case 0:
		return ""
	case wsaECONNREFUSED:
		return "ECONNREFUSED"
	case wsaECONNRESET:
		return "ECONNRESET"
	case wsaETIMEDOUT:
		return "ETIMEDOUT"
	case wsaEHOSTUNREACH:
		return "EHOSTUNREACH"
	case wsaENETUNREACH:
		return "ENETUNREACH"
	case wsaEADDRNOTAVAIL:
		return "EADDRNOTAVAIL"
	}
	return "errno " + strconv.Itoa(int(e))
}
