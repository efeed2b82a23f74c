# tests/e2e/cluster.bash - where the API server of Kubernetes is that tests ask: tests/kubernetes/build makes it,
# tests/kubernetes/start runs it.

cluster_programs() {
	echo "${GITGATE_KUBERNETES:-$GITGATE_BUILD/kubernetes}"
}

cluster_is_built() {
	[ -x "$(cluster_programs)/kube-apiserver" ] && PATH="$PATH:/usr/sbin:/sbin" command -v etcd >/dev/null
}
