import { ERROR_CODES } from '#libs/domain';
import * as refusals from './refusals.js';

it.each(Object.entries(refusals))(
  '%s has the status that the list of codes says',
  (name, { status, code }) => {
    // HTTP has a status of its own for headers that are too large.
    expect(status).toBe(name === 'HEADERS_TOO_LARGE' ? 431 : ERROR_CODES[code].http);
  },
);
