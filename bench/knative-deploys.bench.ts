/**
 * A deploy until the service answers through the gateway's door, against `kubectl apply` of the same object by hand and its
 * wait, in the same namespace of a real cluster. Goal: issue 5 section 7. `npm run bench knative-deploys`.
 */
import { kubectl } from '../e2e/support/kubectl.js';
import { KnativeBed, SERVICE, type Knative } from './knative.bed.js';
import { interleave, type Variant } from './protocol.js';
import { report } from './report.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
const GOAL = 1 / 1.15;
/** Whose object is taken for what is applied by hand; it also makes the namespace. */
const MODEL = 'model';

const bed = await KnativeBed.start();
let turn = 0;
try {
  await bed.deploy(MODEL);
  const model = await bed.objectOf(MODEL);
  const namespace = model.metadata.namespace ?? '';
  const timed = (
    name: string,
    make: (service: string) => Promise<void>,
    remove: (service: string) => Promise<unknown>,
  ): Variant => ({
    name,
    slice: async () => {
      const service = `bench${(turn += 1)}`;
      const began = performance.now();
      await make(service);
      const seconds = (performance.now() - began) / 1_000;
      await remove(service);
      return { operations: 1, seconds };
    },
  });
  const byHand = (name: string): Variant =>
    timed(
      name,
      (service) => bed.apply(copyOf(model, service)),
      (service) => kubectl('delete', SERVICE, service, '-n', namespace),
    );
  const deployed = timed(
    'deploy',
    (service) => bed.deploy(service),
    (service) => bed.tenant.api.change('DELETE', bed.tenant.at(service)),
  );
  const rounds = await interleave([deployed, byHand('kubectl'), byHand('kubectl again')], ROUNDS);
  report(
    `deploy until Ready, ${ROUNDS} rounds`,
    rounds,
    ['kubectl again', 'kubectl'],
    [{ title: 'deploys / kubectl apply and its wait', one: 'deploy', other: 'kubectl', goal: GOAL }],
  );
} finally {
  await bed.stop();
}

/** What a person would have in a file: the same template under another name, without what says that it is Towpath's. */
function copyOf({ apiVersion, kind, metadata, spec }: Knative, name: string): Knative {
  const ours = ([key]: [string, unknown]): boolean => !key.includes('towpath.dev');
  const own = (all: Record<string, string> = {}): Record<string, string> =>
    Object.fromEntries(Object.entries(all).filter(ours));
  const { annotations, labels } = spec.template.metadata;
  return {
    ...{ apiVersion, kind },
    metadata: { name, namespace: metadata.namespace ?? '' },
    spec: {
      template: {
        metadata: { name: `${name}-00001`, annotations: own(annotations), labels: own(labels) },
        spec: spec.template.spec,
      },
    },
  };
}
