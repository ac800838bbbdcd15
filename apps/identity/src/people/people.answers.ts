import { IDENTITY_QUEUE, PEOPLE_ASKS, identitySubject, type Ask, type Bus, type PeopleVerb } from '#libs/bus';
import type { Logger } from '#libs/process';
import type { PeopleCommands } from './people.commands.js';

/** Answers what the api asks about people. Returns what ends it, once all that was asked is answered. */
export function answerPeople(bus: Bus, commands: PeopleCommands, logger: Logger): () => Promise<void> {
  const ends = (Object.keys(PEOPLE_ASKS) as PeopleVerb[]).map((verb) =>
    bus.answer(
      {
        subject: identitySubject(verb),
        queue: IDENTITY_QUEUE,
        asked: PEOPLE_ASKS[verb] as unknown as Ask<never, unknown>,
        unexpected: (error) => logger.error({ err: error, verb }, 'unexpected error'),
      },
      commands[verb] as (asked: never) => Promise<unknown>,
    ),
  );
  return async () => {
    await Promise.all(ends.map((end) => end()));
  };
}
