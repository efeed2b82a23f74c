# tests/ports.bash - a port for a server of a test; for end-to-end tests and benches.

# Prints one that nobody listens on. It lies below those that the kernel gives to outgoing
# connections: a server that is started again finds it free. Tests that run at one time
# begin their search at different places, since their processes have different numbers.
free_port() {
	local lowest=10000 end try
	read -r end _ </proc/sys/net/ipv4/ip_local_port_range
	[ "$end" -gt $((lowest + 1000)) ] || lowest=1024
	for ((try = BASHPID; ; try += 101)); do
		local port=$((lowest + try % (end - lowest)))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
}
