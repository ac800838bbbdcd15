// netpol enforces NetworkPolicy on a single node whose pods hang off one Linux
// bridge. It watches pods, namespaces and policies and, after each change,
// replaces one nftables table as a whole (so there is never a half-written rule
// set). Run it in the node's network namespace:
//
//	netpol -kubeconfig admin.conf [-pods 10.1.0.0/16] [-debounce 20ms]
//
// Needs net.bridge.bridge-nf-call-iptables=1 there, or pod-to-pod traffic never
// reaches the forward hook. What pods send to the node's own addresses passes the input
// hook. Traffic from the node itself (kubelet probes) uses the output hook and is always let
// through, as Kubernetes wants it.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os/exec"
	"sort"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const table = "tow_netpol"

type state struct {
	podCIDR string
	pods    []*corev1.Pod
	ns      map[string]labels.Set
	pols    []*netv1.NetworkPolicy
}

func main() {
	kc := flag.String("kubeconfig", "", "kubeconfig file")
	podCIDR := flag.String("pods", "", "pod network: drop what goes to or comes from an address in it that no known pod has,\nso that a new pod is not reachable before its policies are in place")
	debounce := flag.Duration("debounce", 20*time.Millisecond, "wait this long after a change before writing rules")
	flag.Parse()
	cfg, err := clientcmd.BuildConfigFromFlags("", *kc)
	if err != nil {
		log.Fatal(err)
	}
	f := informers.NewSharedInformerFactory(kubernetes.NewForConfigOrDie(cfg), 0)
	pods, nss, pols := f.Core().V1().Pods(), f.Core().V1().Namespaces(), f.Networking().V1().NetworkPolicies()
	dirty := make(chan struct{}, 1)
	mark := func() {
		select {
		case dirty <- struct{}{}:
		default:
		}
	}
	h := cache.ResourceEventHandlerFuncs{AddFunc: func(any) { mark() }, UpdateFunc: func(any, any) { mark() }, DeleteFunc: func(any) { mark() }}
	for _, i := range []cache.SharedIndexInformer{pods.Informer(), nss.Informer(), pols.Informer()} {
		i.AddEventHandler(h)
	}
	f.Start(context.Background().Done())
	f.WaitForCacheSync(context.Background().Done())
	mark()
	var last string
	for range dirty {
		began := time.Now()
		time.Sleep(*debounce)
		select {
		case <-dirty:
		default:
		}
		s := state{ns: map[string]labels.Set{}, podCIDR: *podCIDR}
		s.pods, _ = pods.Lister().List(labels.Everything())
		s.pols, _ = pols.Lister().List(labels.Everything())
		all, _ := nss.Lister().List(labels.Everything())
		for _, n := range all {
			s.ns[n.Name] = n.Labels
		}
		rules := s.render()
		if rules == last {
			continue
		}
		cmd := exec.Command("nft", "-f", "-")
		cmd.Stdin = strings.NewReader(rules)
		if out, err := cmd.CombinedOutput(); err != nil {
			log.Printf("nft: %v: %s\n%s", err, out, rules)
			time.AfterFunc(time.Second, mark)
			continue
		}
		last = rules
		log.Printf("rules written %v after the change: %d policies, %d pods, %d bytes", time.Since(began).Round(time.Millisecond), len(s.pols), len(s.pods), len(rules))
	}
}

// live: the pod has an address of its own and still runs.
func live(p *corev1.Pod) bool {
	return p.Status.PodIP != "" && !p.Spec.HostNetwork && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed
}

func matches(s *metav1.LabelSelector, l labels.Set) bool {
	sel, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && sel.Matches(l)
}

func (s *state) render() string {
	sort.Slice(s.pods, func(i, j int) bool { return s.pods[i].UID < s.pods[j].UID })
	sort.Slice(s.pols, func(i, j int) bool { return s.pols[i].UID < s.pols[j].UID })
	var chains, in, out, known strings.Builder
	for _, p := range s.pods {
		if !live(p) {
			continue
		}
		fmt.Fprintf(&known, "%s, ", p.Status.PodIP)
		for _, dir := range []netv1.PolicyType{netv1.PolicyTypeIngress, netv1.PolicyTypeEgress} {
			var rules []string
			isolated := false
			for _, np := range s.pols {
				if np.Namespace != p.Namespace || !matches(&np.Spec.PodSelector, p.Labels) || !has(np, dir) {
					continue
				}
				isolated = true
				rules = append(rules, s.policy(np, p, dir)...)
			}
			if !isolated {
				continue
			}
			name := strings.ToLower(string(dir[:1])) + "_" + strings.ReplaceAll(string(p.UID), "-", "")
			fmt.Fprintf(&chains, "  chain %s { # %s/%s\n", name, p.Namespace, p.Name)
			for _, r := range rules {
				fmt.Fprintf(&chains, "    %s return\n", r)
			}
			fmt.Fprintf(&chains, "    counter drop\n  }\n")
			m := &in
			if dir == netv1.PolicyTypeEgress {
				m = &out
			}
			fmt.Fprintf(m, "      %s : jump %s,\n", p.Status.PodIP, name)
		}
	}
	base := func(field string, m *strings.Builder) string {
		if m.Len() == 0 {
			return ""
		}
		return fmt.Sprintf("    ip %s vmap {\n%s    }\n", field, m.String())
	}
	closed := ""
	if s.podCIDR != "" && known.Len() > 0 {
		chains.WriteString("  set known { type ipv4_addr; elements = { " + known.String() + "} }\n")
		closed = fmt.Sprintf("    ip saddr %[1]s ip saddr != @known counter drop\n    ip daddr %[1]s ip daddr != @known counter drop\n", s.podCIDR)
	}
	return "add table ip " + table + "\ndelete table ip " + table + "\ntable ip " + table + " {\n" + chains.String() +
		"  chain forward {\n    type filter hook forward priority filter; policy accept;\n    ct state established,related accept\n" + closed +
		base("saddr", &out) + base("daddr", &in) + "  }\n" +
		// what pods send to the node's own addresses: API server, kubelet, etcd
		"  chain input {\n    type filter hook input priority filter; policy accept;\n    iifname != \"cni0\" accept\n    ct state established,related accept\n" +
		base("saddr", &out) + "  }\n}\n"
}

func has(np *netv1.NetworkPolicy, t netv1.PolicyType) bool {
	for _, x := range np.Spec.PolicyTypes { // the API server always fills this in
		if x == t {
			return true
		}
	}
	return false
}

// policy turns one policy into nft matches ("" means everything) for one direction of pod p.
func (s *state) policy(np *netv1.NetworkPolicy, p *corev1.Pod, dir netv1.PolicyType) (rules []string) {
	type rule struct {
		peers []netv1.NetworkPolicyPeer
		ports []netv1.NetworkPolicyPort
	}
	var rs []rule
	addr := "saddr"
	if dir == netv1.PolicyTypeIngress {
		for _, r := range np.Spec.Ingress {
			rs = append(rs, rule{r.From, r.Ports})
		}
	} else {
		addr = "daddr"
		for _, r := range np.Spec.Egress {
			rs = append(rs, rule{r.To, r.Ports})
		}
	}
	for _, r := range rs {
		type who struct {
			match string
			pods  []*corev1.Pod // the peers, where they are pods
		}
		var peers []who
		if len(r.peers) == 0 {
			peers = []who{{"", s.pods}}
		}
		for _, peer := range r.peers {
			if b := peer.IPBlock; b != nil {
				if strings.Contains(b.CIDR, ":") {
					continue // this node is IPv4 only
				}
				m := fmt.Sprintf("ip %s %s", addr, b.CIDR)
				if len(b.Except) > 0 {
					m += fmt.Sprintf(" ip %s != { %s }", addr, strings.Join(b.Except, ", "))
				}
				peers = append(peers, who{m, s.pods})
				continue
			}
			var ips []string
			var found []*corev1.Pod
			for _, q := range s.pods {
				if !live(q) {
					continue
				}
				if peer.NamespaceSelector == nil && q.Namespace != np.Namespace {
					continue
				}
				if peer.NamespaceSelector != nil && !matches(peer.NamespaceSelector, s.ns[q.Namespace]) {
					continue
				}
				if peer.PodSelector != nil && !matches(peer.PodSelector, q.Labels) {
					continue
				}
				ips, found = append(ips, q.Status.PodIP), append(found, q)
			}
			if len(ips) > 0 {
				peers = append(peers, who{fmt.Sprintf("ip %s { %s }", addr, strings.Join(ips, ", ")), found})
			}
		}
		for _, w := range peers {
			if len(r.ports) == 0 {
				rules = append(rules, w.match)
			}
			for _, pt := range r.ports {
				proto := "tcp"
				if pt.Protocol != nil {
					proto = strings.ToLower(string(*pt.Protocol))
				}
				switch {
				case pt.Port == nil:
					rules = append(rules, w.match+" meta l4proto "+proto)
				case pt.Port.Type == intstr.Int && pt.EndPort != nil:
					rules = append(rules, fmt.Sprintf("%s %s dport %d-%d", w.match, proto, pt.Port.IntVal, *pt.EndPort))
				case pt.Port.Type == intstr.Int:
					rules = append(rules, fmt.Sprintf("%s %s dport %d", w.match, proto, pt.Port.IntVal))
				case dir == netv1.PolicyTypeIngress: // a named port is a port of the pod that receives
					for _, n := range named(p, pt.Port.StrVal, proto) {
						rules = append(rules, fmt.Sprintf("%s %s dport %d", w.match, proto, n))
					}
				default:
					for _, q := range w.pods {
						if !live(q) {
							continue
						}
						for _, n := range named(q, pt.Port.StrVal, proto) {
							rules = append(rules, fmt.Sprintf("%s ip daddr %s %s dport %d", w.match, q.Status.PodIP, proto, n))
						}
					}
				}
			}
		}
	}
	return rules
}

func named(p *corev1.Pod, name, proto string) (ports []int32) {
	cs := append(append([]corev1.Container{}, p.Spec.InitContainers...), p.Spec.Containers...)
	for _, c := range cs {
		for _, x := range c.Ports {
			if x.Name == name && (x.Protocol == "" || strings.EqualFold(string(x.Protocol), proto)) {
				ports = append(ports, x.ContainerPort)
			}
		}
	}
	return ports
}
