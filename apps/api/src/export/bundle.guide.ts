/** README.txt of every bundle. */
export const BUNDLE_GUIDE = `What this organization holds, as it was read while the bundle was made.

organization.json             the organization
members-*.ndjson              its members
keys-*.ndjson                 its API keys; the keys themselves are stored nowhere
audit-*.ndjson                who changed what, newest first
projects/<handle>/            one folder for each project
  project.json
  secrets-*.ndjson            names and versions; values are never shown again
  services/<name>.yaml        the service for Knative Serving (serving.knative.dev/v1)
  services/<name>.json        the service as Towpath shows it, with its traffic
  services/<name>.revisions-*.ndjson
usage/<service id>-*.ndjson   every metered request, also of services that are gone
invoices-*.ndjson             invoices and credit notes, with the buyer they were made out to
bill/<month>.json             the bill of each month with usage
manifest.json                 the last file: path, size and SHA-256 of every other

NDJSON is one JSON object a line. Times are UTC, numbers of 64 bits and money are strings.

To run a service elsewhere: make a namespace of the project's handle; make each secret the file names, with a key
version-<number> or version-latest; build the source and push the image to a registry; put its name in the place of
registry.invalid/... (the digest is the one that ran here); then kubectl apply -f. A private service becomes one that only
the cluster reaches. A timeout above the cluster's own bound (often 600 s) must be lowered, or the bound raised.
`;
