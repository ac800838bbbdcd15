import { REQUEST_HEADERS } from '#libs/domain';
import type { Message } from '../xds/proto.js';
import {
  HEADERS_TOO_LARGE,
  NOT_ADMITTED,
  NOT_HTTP,
  NO_ANSWER,
  NO_TOKEN,
  OTHER_AUDIENCE,
  TIMED_OUT,
  TOO_LARGE,
  UNKNOWN_HOST,
} from './refusals.js';
import type { Refusal } from './refusals.js';

const REQUEST_ID = '%STREAM_ID%';

/**
 * Bodies of all answers that Envoy gives by itself: {code, message, nextStep, requestId}. The first mapper that
 * matches wins; what matches none is a refusal that came with the host's route and carries its own words.
 */
export function localReplies(): Message {
  return {
    mappers: [
      reply(TIMED_OUT, status(504)),
      reply(UNKNOWN_HOST, flags('NR')),
      reply(NO_TOKEN, status(401)),
      // Only a request whose token was good carries this header, so no other 403 is meant.
      reply(OTHER_AUDIENCE, both(status(403), carries(REQUEST_HEADERS.caller))),
      NO_ALLOWANCE,
      reply(NOT_ADMITTED, both(status(503), flags('UAEX'))),
      // NC: the door's cluster went; the rest: no connection, or it broke before an answer came.
      reply(NO_ANSWER, flags('UF', 'UH', 'UC', 'UO', 'UR', 'URX', 'LR', 'NC', 'UPE')),
      reply(TOO_LARGE, status(413)),
      reply(HEADERS_TOO_LARGE, status(431)),
      reply(NOT_HTTP, status(400)),
      reply(TIMED_OUT, status(408)),
    ],
    body_format: {
      json_format: {
        code: '%METADATA(ROUTE:towpath:code)%',
        message: '%LOCAL_REPLY_BODY%',
        nextStep: '%METADATA(ROUTE:towpath:next_step)%',
        requestId: REQUEST_ID,
      },
    },
  };
}

/** The process beside has written this answer itself. */
const NO_ALLOWANCE: Message = {
  filter: both(status(402), flags('UAEX')),
  body_format_override: {
    text_format_source: { inline_string: '%LOCAL_REPLY_BODY%' },
    content_type: 'application/problem+json',
  },
};

function reply({ status: code, ...said }: Refusal, filter: Message): Message {
  const json_format = {
    code: said.code,
    message: said.message,
    nextStep: said.nextStep,
    requestId: REQUEST_ID,
  };
  return { filter, status_code: code, body_format_override: { json_format } };
}

function both(...filters: Message[]): Message {
  return { and_filter: { filters } };
}

function carries(name: string): Message {
  return { header_filter: { header: { name, present_match: true } } };
}

function flags(...names: string[]): Message {
  return { response_flag_filter: { flags: names } };
}

function status(code: number): Message {
  const value = { default_value: code, runtime_key: `towpath.none.${code}` };
  return { status_code_filter: { comparison: { op: 'EQ', value } } };
}
