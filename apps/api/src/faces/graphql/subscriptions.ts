import type { ApiParts } from '../../api.parts.js';
import { BEAT, follow } from '../../call/follow.js';
import type { OperationDefinition } from '../../call/definition.js';
import type { Registry } from '../../call/registry.js';
import type { OpenStreams } from '../open-streams.js';
import type { GraphqlContext } from './resolvers.js';

/** What a stream yields to graphql: graphql-js cannot tell an error that a generator throws. */
type Step = { data: unknown } | { error: unknown };
type Arguments = Record<string, unknown>;

export interface SubscriptionField {
  subscribe: (root: unknown, args: Arguments, context: GraphqlContext) => Promise<AsyncGenerator<Step>>;
  resolve: (step: Step) => unknown;
}

/** One field of Subscription for every operation that can be followed there. */
export function subscriptionFields(
  registry: Registry,
  parts: ApiParts,
  streams: OpenStreams,
): Record<string, SubscriptionField> {
  const fields: Record<string, SubscriptionField> = {};
  for (const definition of registry.operations) {
    const { subscription } = definition;
    if (!subscription) continue;
    fields[subscription.field] = {
      subscribe: (_root, args, context) => stepsOf(parts, streams, definition, given(args), context),
      resolve: (step) => {
        if ('error' in step) throw step.error;
        return step.data;
      },
    };
  }
  return fields;
}

async function stepsOf(
  parts: ApiParts,
  streams: OpenStreams,
  definition: OperationDefinition,
  raw: Arguments,
  { requestId, from, authenticate }: GraphqlContext,
): Promise<AsyncGenerator<Step>> {
  const actor = await authenticate();
  const { signal, closed } = streams.start(actor.organizationId);
  try {
    const events = await follow(parts, definition, { actor, requestId, from, raw, signal, authenticate });
    return steps(events, definition.subscription?.event, closed);
  } catch (error) {
    closed();
    throw error;
  }
}

async function* steps(
  events: Awaited<ReturnType<typeof follow>>,
  wanted: string | undefined,
  closed: () => void,
): AsyncGenerator<Step> {
  try {
    for await (const event of events) {
      if (event !== BEAT && event.event === wanted) yield { data: event.data };
    }
  } catch (error) {
    yield { error };
  } finally {
    closed();
  }
}

/** An argument that is null was left out. */
function given(args: Arguments): Arguments {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null));
}
