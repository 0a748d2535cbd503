/* SPDX-License-Identifier: MIT */
/* "icon:NAME" is one drawing of bootstrap-icons; build.mjs makes the module. */
declare module "icon:*" {
    const shapes: [tag: string, attributes: Record<string, string>][];
    export default shapes;
}
declare module "*.css";
