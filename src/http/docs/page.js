// Shows the document of the server that this page comes from, and asks that server only.
window.SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#page',
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // It would send the document to somebody else's server.
  validatorUrl: null,
});
