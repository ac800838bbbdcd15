// conformance runs Kubernetes' own cases of NetworkPolicy (k8s.io/kubernetes/test/e2e/network/netpol) against a cluster,
// as its e2e.test does, without the thousands of others: conformance -kubeconfig FILE -provider local [-ginkgo.focus WORDS].
package main

import (
	"flag"
	"os"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"k8s.io/kubernetes/test/e2e/framework"
	"k8s.io/kubernetes/test/e2e/framework/config"

	_ "k8s.io/kubernetes/test/e2e/feature"
	_ "k8s.io/kubernetes/test/e2e/network/netpol"
)

// run is what ginkgo asks of a test that goes by another name.
type run struct{ failed bool }

func (r *run) Fail() { r.failed = true }

func main() {
	config.CopyFlags(config.Flags, flag.CommandLine)
	framework.RegisterCommonFlags(flag.CommandLine)
	framework.RegisterClusterFlags(flag.CommandLine)
	flag.Parse()
	framework.AfterReadingAllFlags(&framework.TestContext)
	gomega.RegisterFailHandler(framework.Fail)
	suite, reporter := framework.CreateGinkgoConfig()
	this := &run{}
	if !ginkgo.RunSpecs(this, "NetworkPolicy", suite, reporter) || this.failed {
		os.Exit(1)
	}
}
