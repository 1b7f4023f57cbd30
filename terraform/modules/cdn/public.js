// Before CloudFront looks up what is public: what services/edge/edge/edge.vcl does before it looks up the same.
// Written so that any engine since ECMAScript 5 runs it, the tests' too.
function handler(event) {
  var request = event.request;
  var headers = request.headers;

  // Who shows a token gets an answer of their own: its key is the request's. From outside the header means nothing.
  delete headers['x-edge-pass'];
  if (headers.authorization) {
    headers['x-edge-pass'] = { value: event.context.requestId };
  }

  // One question, one key, however it is written.
  var query = {};
  Object.keys(request.querystring).sort().forEach(function (name) {
    var parameter = request.querystring[name];
    if (parameter.multiValue) {
      var values = parameter.multiValue.map(function (each) { return each.value; }).sort();
      parameter = { value: values[0], multiValue: values.map(function (value) { return { value: value }; }) };
    }
    query[name] = parameter;
  });
  request.querystring = query;

  // The page is called by its directory.
  if (request.uri === '/') {
    request.uri = '/index.html';
  }
  return request;
}
