/** Applications and versions are named by what stands here (limits.md 7.3; patterns of the management plane). */
const ID_FORM = /^[A-Za-z0-9_-]{1,64}$/;
const VERSION_FORM = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$/;

export function isApplicationId(text: string): boolean {
  return ID_FORM.test(text);
}

export function isPackageVersion(text: string): boolean {
  return VERSION_FORM.test(text);
}
