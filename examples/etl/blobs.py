"""A container of Azure Blob storage by its link (a shared access signature), in plain Python."""
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as xml

TIMEOUT_S = 60


class Container:
    def __init__(self, link):
        self.at = urllib.parse.urlsplit(link)

    def list(self, prefix):
        """The names of all blobs below, in order."""
        names, marker = [], ""
        while True:
            query = urllib.parse.urlencode({"restype": "container", "comp": "list", "prefix": prefix, "marker": marker})
            page = xml.fromstring(self._ask(self.at._replace(query=f"{query}&{self.at.query}"))[0])
            names += [blob.findtext("Name") for blob in page.iter("Blob")]
            marker = page.findtext("NextMarker") or ""
            if not marker:
                return names

    def read(self, name):
        """Its bytes and its version (ETag); None and None if there is none."""
        try:
            body, headers = self._ask(self._place(name))
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None, None
            raise
        return body, headers["ETag"]

    def write(self, name, data, **condition):
        """With only_over=VERSION it is refused (412, 409) unless that version is there; None: unless there is none."""
        headers = {"x-ms-blob-type": "BlockBlob"}
        if "only_over" in condition:
            version = condition["only_over"]
            headers["If-None-Match" if version is None else "If-Match"] = version or "*"
        self._ask(self._place(name), headers, data, "PUT")

    def _place(self, name):
        return self.at._replace(path=f"{self.at.path}/{urllib.parse.quote(name)}")

    @staticmethod
    def _ask(place, headers=None, body=None, method="GET"):
        request = urllib.request.Request(urllib.parse.urlunsplit(place), body, headers or {}, method=method)
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return answer.read(), answer.headers
