"""One streamed call with urllib. Prints what came as JSON. Arguments: key, prompt."""

import json
import sys
import urllib.request

key, prompt = sys.argv[1:]
body = {
    "model": "claude-opus-5",
    "max_tokens": 64,
    "stream": True,
    "messages": [{"role": "user", "content": prompt}],
}
request = urllib.request.Request(
    "https://api.anthropic.com/v1/messages",
    data=json.dumps(body).encode(),
    headers={"x-api-key": key, "Anthropic-Version": "2023-06-01", "content-type": "application/json"},
)
with urllib.request.urlopen(request) as response:
    received = b""
    while piece := response.read1():
        received += piece
    print(json.dumps({"status": response.status, "headers": response.getheaders(), "body": received.decode("latin-1")}))
