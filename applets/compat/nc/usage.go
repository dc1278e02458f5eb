package nc

// letters are the options, in getopt(3)'s form.
const letters = "46bCDdFhI:i:klM:m:NnO:P:p:q:rSs:T:tUuV:vW:w:X:x:Zz"

// synopsis is what a command line that makes no sense is told.
const synopsis = `usage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval] [-M ttl]
	  [-m minttl] [-O length] [-P proxy_username] [-p source_port]
	  [-q seconds] [-s sourceaddr] [-T keyword] [-V rtable] [-W recvlimit]
	  [-w timeout] [-X proxy_protocol] [-x proxy_address[:port]]
	  [destination] [port]
`

// banner introduces the help. Scripts look for "OpenBSD" in it to tell which nc they have.
const banner = "OpenBSD netcat's command line (Debian patchlevel 1.219-1), as nettool has it\n"

// summary is the rest of the help: an option a line, which scripts look for.
const summary = `	Options:
		-4		IPv4 only
		-6		IPv6 only
		-b		Send to a broadcast address, and hear whoever answers
		-C		Send line ends as CR LF
		-D		Have the kernel debug the socket
		-d		Leave standard input alone
		-F		Pass the connected socket to standard output
		-h		Show this
		-I length	Receive buffer, bytes
		-i interval	Seconds between lines that are sent, and between ports
		-k		After a connection, listen for the next one
		-l		Listen instead of connecting
		-M ttl		TTL or hop limit of packets that are sent
		-m minttl	The least TTL or hop limit of packets that are taken
		-N		End our side at the end of standard input
		-n		Look no names up
		-O length	Send buffer, bytes
		-P proxyuser	User name for an HTTP proxy
		-p port		Local port
		-q secs		As -N, and quit after so many silent seconds
		-r		Ports in random order
		-S		Sign segments with a TCP MD5 key
		-s sourceaddr	Local address
		-T keyword	TOS or traffic class
		-t		Refuse the options of a TELNET peer
		-U		UNIX domain sockets
		-u		UDP
		-V rtable	Another routing table (not on this system)
		-v		Say what happens
		-W recvlimit	Quit after so many packets
		-w timeout	Seconds for connecting, and of silence
		-X proto	Protocol of the proxy: "4", "5" (SOCKS) or "connect"
		-x addr[:port]	Connect through this proxy
		-Z		DCCP
		-z		Only ask whether the ports are open
	A port is a number, a name, or a range: lo-hi
`
