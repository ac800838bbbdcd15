// Command containerd-shim-runsc-v1 is gVisor's shim for the containerd of the test bed. It differs in how it is started:
// containerd 1.6 wants the bare address on stdout, where gVisor's own answers as containerd 2 does; and a machine without
// CAP_SYS_RESOURCE does not let it save itself from the OOM killer, which gVisor's own takes for a failure.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/pkg/shim"
	runsc "gvisor.dev/gvisor/pkg/shim/v1"
	_ "gvisor.dev/gvisor/pkg/shim/v1/plugin"
)

type manager struct{ shim.Manager }

// Start ends the process when it has answered: what would come after it is the answer of containerd 2.
func (manager) Start(ctx context.Context, id string, opts shim.StartOpts) (shim.BootstrapParams, error) {
	address, err := serve(ctx, id, opts.Address)
	if err == nil {
		_, err = fmt.Print(address)
	}
	if err != nil {
		return shim.BootstrapParams{}, err
	}
	os.Exit(0)
	panic("ended")
}

// serve starts the process that holds one container, on a socket that is open already.
func serve(ctx context.Context, id, containerd string) (string, error) {
	namespace, err := namespaces.NamespaceRequired(ctx)
	if err != nil {
		return "", err
	}
	address, err := shim.SocketAddress(ctx, containerd, id, false)
	if err != nil {
		return "", err
	}
	socket, err := shim.NewSocket(address)
	if err != nil {
		return "", fmt.Errorf("socket %s: %w", address, err)
	}
	file, err := socket.File()
	if err != nil {
		return "", err
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	command := exec.Command(self, "-namespace", namespace, "-address", containerd, "-id", id)
	command.ExtraFiles = []*os.File{file}
	command.Env = append(os.Environ(), "GOMAXPROCS=2")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// its own end removes the socket that this file names
	if err := os.WriteFile("address", []byte(address), 0o644); err != nil {
		return "", err
	}
	if err := command.Start(); err != nil {
		return "", err
	}
	return address, shim.WritePidFile("shim.pid", command.Process.Pid)
}

func main() {
	shim.Run(context.Background(), manager{runsc.NewShimManager("io.containerd.runsc.v1")})
}
