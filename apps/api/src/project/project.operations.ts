import { handleProblem, projectNameProblem } from '#libs/domain';
import { z } from 'zod';
import { defineCommand, defineQuery } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { reference, ruledText } from '../call/scalars.js';
import { createProject, deleteProject } from './project.commands.js';
import { getProject, listProjects } from './project.queries.js';
import { projectView } from './project.view.js';

const project = reference('Handle or id of the project.');

export const projectOperations = [
  definePage({
    name: 'projects.list',
    permission: 'project.read',
    rest: { method: 'GET', path: '/v1/projects', status: 200 },
    graphql: 'projects',
    summary: 'Projects of your organization.',
    input: z.strictObject({}),
    item: projectView,
    key: 'id',
    handler: (call, _input, page) => listProjects(call, page),
  }),
  defineCommand({
    name: 'projects.create',
    permission: 'project.write',
    rest: { method: 'POST', path: '/v1/projects', status: 201 },
    graphql: 'createProject',
    summary: 'Make a project. Without a handle it gets its name and 4 characters.',
    input: z.strictObject({
      name: ruledText(projectNameProblem),
      handle: ruledText(handleProblem).optional(),
    }),
    output: projectView,
    handler: createProject,
  }),
  defineQuery({
    name: 'projects.get',
    permission: 'project.read',
    rest: { method: 'GET', path: '/v1/projects/{project}', status: 200 },
    graphql: 'project',
    summary: 'One project.',
    input: z.strictObject({ project }),
    output: projectView,
    handler: getProject,
  }),
  defineCommand({
    name: 'projects.delete',
    permission: 'project.write',
    rest: { method: 'DELETE', path: '/v1/projects/{project}', status: 200 },
    graphql: 'deleteProject',
    summary: 'Delete a project that has no services. Its keys and secrets end with it.',
    input: z.strictObject({ project }),
    output: projectView,
    handler: deleteProject,
  }),
];
