import { SERVING_CONTAINER, type Condition, type TargetRevision } from '#libs/domain';

/** What the cluster says about a revision, in words of ours. Without `changedAt`: only a change of status moves it. */
export type Readiness = Omit<Condition, 'changedAt'>;

/** The reason of a start that came to no end in its time. */
export const START_TIMEOUT = 'StartTimeout';

/** What an agent says of a sandboxed revision that names no RuntimeClass for it any more. */
export const NO_SANDBOX = waiting(
  'NoSandbox',
  'The cluster has no runtime for the sandboxed tier any more; it waits for that, or for another cluster.',
);

const NOT_ALLOWED = failed(
  'ImageNotAllowed',
  'The registry does not let the cluster pull the image.',
  'Make the image public, or give the project credentials for its registry.',
);

export const PLACE_TIMEOUT = failed(
  'PlaceTimeout',
  'The cluster did not bring the image and the container up in the time that it may take.',
  'Deploy it again; when that ends the same, ask the operator of this installation.',
);

export const ADMISSION_REFUSED = failed(
  'AdmissionRefused',
  'A rule of the cluster refuses the instance.',
  'Ask the operator which rule of the cluster refuses it.',
);

/** One line of the table of what Kubernetes and Knative say, and what a customer is told. */
interface Rule {
  /** Matched against `<reason>: <message>` of a Revision, a waiting container or a refused request; words of Knative 1.21 to 1.23. */
  when: RegExp;
  say: (revision: TargetRevision, text: string) => Readiness;
}

/** What every container waits for at first. */
export const BEING_MADE = /^(?:ContainerCreating|PodInitializing)/;

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
    when: /unexpected status code 40[13]/,
    say: () => NOT_ALLOWED,
  },
  {
    // A node may not see a new Secret yet when it pulls for the first time, and says so until it pulls again.
    when: /(?:ErrImagePull|ImagePullBackOff).*(?:\b40[13] (?:Unauthorized|Forbidden)\b|no basic auth|authorization failed)/s,
    say: () =>
      waiting('ImageNotAllowed', 'The registry does not let the cluster pull the image; it is asked again.'),
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
    when: /runAsNonRoot and image will run as root/,
    say: (revision, text) =>
      runsAsRoot(revision, text, 'The image runs as root, which only the sandboxed tier allows.'),
  },
  {
    when: /runAsNonRoot and image has/,
    say: (revision, text) =>
      runsAsRoot(
        revision,
        text,
        'The image names its user by no number that can be used, so it may be root, which only the sandboxed tier allows.',
      ),
  },
  {
    when: /CreateContainer(?:Config)?Error|InvalidImageName/,
    say: () =>
      failed(
        'ContainerNotCreated',
        'The cluster cannot create the container: its image, user or settings do not fit.',
        'Correct the image or the settings and deploy again.',
      ),
  },
  {
    when: /is forbidden|admission webhook/,
    say: () => ADMISSION_REFUSED,
  },
  {
    // Every container waits for that at first: Knative says so of a revision only after the deadline.
    when: BEING_MADE,
    say: () => PLACE_TIMEOUT,
  },
  { when: /ProgressDeadlineExceeded|Initial scale was never achieved/, say: startTimeout },
];

/** Kubelets end their sentence with the container. Images that were built before they were given a user are root. */
function runsAsRoot({ image }: TargetRevision, text: string, message: string): Readiness {
  const isServing = text.includes(`container: ${SERVING_CONTAINER})`);
  if (isServing && image === undefined)
    return failed('BuildRunsAsRoot', message, 'Deploy the source again: what is built now has a user.');
  return failed(
    isServing ? 'ImageRunsAsRoot' : 'SidecarRunsAsRoot',
    message,
    'Give the image a user by its number (USER 1000 in its Dockerfile), or ask the operator for a price plan with the sandboxed tier.',
  );
}

/** An instance ran as long as a start may take, and was not ready. */
export function startTimeout({ port, probes }: TargetRevision): Readiness {
  return probes?.startup === undefined && probes?.readiness === undefined
    ? failed(
        START_TIMEOUT,
        `Port ${port}, given in PORT, was not opened in time.`,
        'Make the program listen on the port in the environment variable PORT, on all addresses.',
      )
    : failed(
        START_TIMEOUT,
        `The startup or readiness probe was not answered well on port ${port} in time.`,
        'Make the program answer the probe on that port, or give the probe more time.',
      );
}

/** What is told after the deadline when the start waited for that until then. */
export function lateOf(before: string | undefined): Readiness | undefined {
  return LATE.find(({ reason }) => reason === before);
}

const LATE: readonly Readiness[] = [
  NOT_ALLOWED,
  failed(
    'ClusterFull',
    'No node of the cluster had room for an instance in the time that a start may take.',
    'Ask for less CPU or memory, or deploy again when there is room: an operator can add nodes.',
  ),
  failed(
    'RegistryUnreachable',
    'The registry of the image did not answer in the time that a start may take.',
    'Deploy again when the registry answers.',
  ),
];

/** What a customer is told of `<reason>: <message>`; undefined: nothing of it is known. */
export function toldOf(text: string, revision: TargetRevision): Readiness | undefined {
  return RULES.find(({ when }) => when.test(text))?.say(revision, text);
}

/** Nobody has to do anything yet. */
export function waiting(reason: string, message: string): Readiness {
  return { type: 'Ready', status: 'unknown', reason, message };
}

export function failed(reason: string, message: string, nextStep: string): Readiness {
  return { type: 'Ready', status: 'false', reason, message, nextStep };
}
