/** Migrations are imported as text: a bundle has no files beside it. */
declare module '*.sql' {
  const text: string;
  export default text;
}
