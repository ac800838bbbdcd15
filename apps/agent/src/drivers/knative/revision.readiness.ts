import type { Condition, TargetRevision } from '#libs/domain';
import {
  APP_CONTAINER,
  conditionOf,
  isObserved,
  type Ended,
  type KnativeRevision,
  type Pod,
} from './knative.types.js';

/** What the cluster says about a revision, in words of ours. Without `changedAt`: only a change of status moves it. */
export type Readiness = Omit<Condition, 'changedAt'>;

/** From how many restarts on an instance is in a crash loop. */
const LOOP = 3;

/**
 * Translates what Knative and the pods of a revision say into one condition with cause and next step.
 * @param lines the last lines of the newest instance, for a crash; undefined while they are not read yet
 */
export function readinessOf(
  revision: TargetRevision,
  seen: KnativeRevision | undefined,
  pods: readonly Pod[],
  lines: readonly string[] | undefined,
): Readiness {
  if (seen === undefined || !isObserved(seen))
    return waiting('Starting', 'The cluster has not taken the revision yet.');
  const ready = conditionOf(seen.status?.conditions, 'Ready');
  if (ready?.status === 'True') {
    return {
      type: 'Ready',
      status: 'true',
      reason: 'Ready',
      message: 'An instance was started and opened its port.',
    };
  }
  const rule = RULES.find(({ when }) => when.test(`${ready?.reason ?? ''}: ${ready?.message ?? ''}`));
  const crash = crashOf(pods, lines);
  if (crash !== undefined) return crash;
  if (rule !== undefined) return rule.say(revision);
  if (ready?.status === 'False') {
    return failed(
      'StartFailed',
      'The cluster could not start the revision.',
      'Deploy it again; when that ends the same, ask the operator of this installation.',
    );
  }
  return waiting('Starting', 'The first instance is being started.');
}

interface Rule {
  /** Matched against `<reason>: <message>` of the Revision's Ready condition; words of Knative 1.21 to 1.23. */
  when: RegExp;
  say: (revision: TargetRevision) => Readiness;
}

const RULES: readonly Rule[] = [
  {
    when: /unexpected status code 404|(?:ErrImagePull|ImagePullBackOff).*not found/s,
    say: () =>
      failed(
        'ImageNotFound',
        'The image is not in its registry.',
        'Push the image, or deploy one that is there.',
      ),
  },
  {
    when: /unexpected status code 40[13]|(?:ErrImagePull|ImagePullBackOff).*40[13]|no basic auth/s,
    say: () =>
      failed(
        'ImageNotAllowed',
        'The registry does not let the cluster pull the image.',
        'Make the image public, or give the project credentials for its registry.',
      ),
  },
  {
    when: /failed to resolve image to digest|ErrImagePull|ImagePullBackOff/,
    say: () =>
      waiting('RegistryUnreachable', 'The registry of the image does not answer; it is tried again.'),
  },
  {
    when: /exceeded quota/,
    say: () =>
      failed(
        'QuotaExceeded',
        "The project's quota in the cluster leaves no room for an instance.",
        'Lower maxInstances or resources, or ask the operator for a larger quota.',
      ),
  },
  {
    // Its condition turns False at once, yet it heals by itself until the progress deadline.
    when: /^Unschedulable/,
    say: () => waiting('ClusterFull', 'No node of the cluster has room for an instance; it waits for one.'),
  },
  {
    when: /is forbidden|admission webhook/,
    say: () =>
      failed(
        'AdmissionRefused',
        'A rule of the cluster refuses the instance.',
        'Ask the operator which rule of the cluster refuses it.',
      ),
  },
  {
    when: /ProgressDeadlineExceeded|Initial scale was never achieved/,
    say: ({ port }) =>
      failed(
        'StartTimeout',
        `Port ${port}, given in PORT, was not opened in time.`,
        'Make the program listen on the port in the environment variable PORT, on all addresses.',
      ),
  },
];

function crashOf(pods: readonly Pod[], lines: readonly string[] | undefined): Readiness | undefined {
  const ends = pods.flatMap(({ status }) => {
    const app = status?.containerStatuses?.find(({ name }) => name === APP_CONTAINER);
    const end = app?.state?.terminated ?? app?.lastState?.terminated;
    return app === undefined || end === undefined || app.ready ? [] : [{ end, restarts: app.restartCount }];
  });
  const [crash] = ends;
  if (crash === undefined) return undefined;
  if (lines === undefined) return waiting('Starting', 'The first instance ended; its output is being read.');
  return crashed(crash.end, crash.restarts, lines);
}

function crashed(end: Ended, restarts: number, lines: readonly string[]): Readiness {
  const output = lines.length === 0 ? '' : ` Its last lines:\n${lines.join('\n')}`;
  if (end.reason === 'OOMKilled') {
    return failed(
      'OutOfMemory',
      `The instance was ended before it opened its port: it used more memory than its limit.${output}`,
      'Deploy it with more memory, or make it use less.',
    );
  }
  if (end.reason === 'StartError' || end.reason === 'ContainerCannotRun') {
    return failed(
      'StartFailed',
      `The instance did not start: its command is not in the image.${output}`,
      'Set a command, a Procfile or a start script that exists in the image.',
    );
  }
  const loop = restarts >= LOOP;
  const times = loop ? ` This happened ${restarts} times in a row.` : '';
  return failed(
    loop ? 'CrashLoop' : 'ExitCode',
    `The instance exited with code ${end.exitCode} before it opened its port.${times}${output}`,
    'Read its last lines, mend the cause and deploy again.',
  );
}

function waiting(reason: string, message: string): Readiness {
  return { type: 'Ready', status: 'unknown', reason, message };
}

function failed(reason: string, message: string, nextStep: string): Readiness {
  return { type: 'Ready', status: 'false', reason, message, nextStep };
}
