import { askedImages, chooseBuilder, newId } from '#libs/domain';
import type { Build, CappedBuild, PublicError, Upload } from '#libs/domain';
import type { ImageRefusal } from '../images/image.sights.js';
import type { Draft } from './draft.js';
import { toldBuild } from './told.build.js';

/** How long a build may wait for a cluster that can build. */
const BUILDER_WAIT_MS = 60_000;

/** How often it is looked whether the cap has room for a build that waits. */
const CAP_LOOK_MS = 5_000;

/** How long a registry that does not answer is asked again. */
const REGISTRY_WAIT_MS = 60_000;

const NO_UPLOAD: PublicError = {
  code: 'FAILED_PRECONDITION',
  message: 'The uploaded source is gone.',
  violations: [{ field: 'template.source.uploadId', message: 'names no upload' }],
  nextStep: 'Upload the source again and deploy it.',
};

/** Owns BuildSucceeded: an image of a registry is resolved to a digest, once for each revision; an upload becomes an image once, whatever number of revisions are made from it. */
export function buildStep(draft: Draft): void {
  if (draft.ownRevision) return done(draft, draft.build ? 'Built' : 'BuildNotNeeded', 'The image is there.');
  if (draft.service.template.image !== undefined) return imageStep(draft);
  if (!draft.records.upload) return fail(draft, NO_UPLOAD);
  draft.build = follow(draft, draft.build ?? newBuild(draft, draft.records.upload));
  if (lacksSidecars(draft, draft.build)) return imageStep(draft);
  judge(draft, draft.build);
}

/** Whether what is built waits for images beside it, or will never run for want of one. */
function lacksSidecars({ service, seen }: Draft, build: Build): boolean {
  if (build.status === 'failed' || askedImages(service.template).length === 0) return false;
  if (seen.image?.status === 'refused') return true;
  return build.status === 'succeeded' && seen.image?.status !== 'found';
}

function imageStep(draft: Draft): void {
  const { image: sight } = draft.seen;
  const asked = askedImages(draft.service.template);
  const images = asked.map(({ image }) => image).join(', ');
  if (sight?.status === 'found') {
    const found = asked.map(({ field, image }) => `${image} is ${sight.digests[field]}`);
    return done(draft, 'ImageFound', `${found.join(', ')}.`);
  }
  if (sight?.status === 'refused') return refuseImage(draft, sight.reason, sight.error);
  const message = sight?.message ?? `The registry is asked for ${images}.`;
  draft.say('ImageSought', { message });
  draft.state('build', sight && isLate(draft) ? 'failed' : 'running', message, {
    code: 'UNAVAILABLE',
    message,
    violations: sight === undefined ? [] : [{ field: sight.field, message: 'cannot be read now' }],
    nextStep: 'Deploy again when its registry answers.',
  });
}

/** Whether the registry had its time, since what was asked for last and since what is built was there. */
function isLate({ records, build, now }: Draft): boolean {
  const asked = records.operations.at(-1)?.createdAt ?? now;
  return now - Math.max(asked, build?.finishedAt ?? 0) > REGISTRY_WAIT_MS;
}

function refuseImage(draft: Draft, reason: ImageRefusal, error: PublicError): void {
  const { message, nextStep } = error;
  draft.say(reason, nextStep === undefined ? { message } : { message, nextStep });
  draft.state('build', 'failed', message, error);
}

function newBuild(draft: Draft, upload: Upload): Build {
  const { id: serviceId, organizationId, projectId } = draft.service;
  return {
    id: newId('bld', draft.now, draft.tools.random),
    organizationId,
    projectId,
    serviceId,
    uploadId: upload.id,
    uploadDigest: upload.digest,
    status: 'pending',
    createdAt: draft.now,
  };
}

/** Gives a waiting build to a builder, and takes over what the builder reports. The same object when nothing is new. */
function follow(draft: Draft, build: Build): Build {
  if (build.finishedAt !== undefined) return build;
  if (build.clusterId === undefined) {
    if (draft.seen.capped) return build;
    const clusterId = chooseBuilder(draft.records.clusters, draft.now);
    return clusterId === undefined ? build : { ...build, clusterId, askedAt: draft.now };
  }
  const report = draft.seen.buildStatus;
  return report?.buildId === build.id ? toldBuild(build, report, draft.now) : build;
}

function judge(draft: Draft, build: Build): void {
  if (build.status === 'succeeded') return done(draft, 'Built', 'The source was built.');
  if (build.status === 'failed') {
    return fail(draft, build.error ?? { code: 'BUILD_FAILED', message: 'The build failed.' });
  }
  if (build.clusterId === undefined)
    return draft.seen.capped ? waitForCap(draft, build, draft.seen.capped) : wait(draft, build);
  draft.say('Building');
  draft.state('build', 'running', `The source is being built in cluster ${build.clusterId}.`);
}

function wait(draft: Draft, build: Build): void {
  const message = 'No cluster with a builder answers now.';
  const nextStep =
    'Look at the clusters (GET /v1/clusters): one must have joined with the capability "builder".';
  draft.wakeIn(5_000);
  draft.say('BuildPending', { message, nextStep });
  const late = draft.now - build.createdAt > BUILDER_WAIT_MS;
  draft.state('build', late ? 'failed' : 'running', message, { code: 'PLACEMENT_FAILED', message, nextStep });
}

/** Waits where what is reserved may come free, and fails where nothing but another cap or month helps; it begins then all the same. */
function waitForCap(draft: Draft, build: Build, { standing, cost, isReserved }: CappedBuild): void {
  const { cap, currency, spent, reserved, resetsAt } = standing;
  const message = `A build can cost ${cost} ${currency}, which is more than the cap leaves: of ${cap} ${currency} ${spent} are spent and ${reserved} reserved.`;
  const nextStep = `Raise the cap (tow caps set), or wait until the month ends (${new Date(resetsAt).toISOString()}): the build begins by itself then.`;
  draft.wakeIn(Math.max(1, Math.min(CAP_LOOK_MS, resetsAt - draft.now)));
  draft.say('BuildCapped', { message, nextStep });
  const waits = isReserved && draft.now - build.createdAt <= BUILDER_WAIT_MS;
  const violations = [{ field: 'template.source', message: 'cannot be built before the cap leaves more' }];
  draft.state('build', waits ? 'running' : 'failed', message, {
    ...{ code: 'CAP_REACHED', message, violations, nextStep },
  });
}

function done(draft: Draft, reason: 'Built' | 'BuildNotNeeded' | 'ImageFound', message: string): void {
  draft.say(reason);
  draft.state('build', 'succeeded', message);
}

function fail(draft: Draft, error: PublicError): void {
  const { message, nextStep } = error;
  draft.say('BuildFailed', nextStep === undefined ? { message } : { message, nextStep });
  draft.state('build', 'failed', message, error);
}
