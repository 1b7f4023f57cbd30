"""What probes ask of a cluster: objects, commands in containers, pages of pods. Every call has a deadline."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from kubernetes import client, config, stream
from kubernetes.client.exceptions import ApiException

Object = dict[str, Any]


class ClusterError(Exception):
    """The cluster could not be asked, or it answered with an error; the message says what was asked."""


@dataclass(frozen=True)
class Output:
    """What a command in a container returned."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """Both streams on one line, for people."""
        return " ".join(f"{self.stdout} {self.stderr}".split())


@dataclass(frozen=True)
class Pod:
    """A pod as probes see it."""

    namespace: str
    name: str
    node: str
    ip: str
    ready: bool
    containers: tuple[str, ...]

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Pod:
        """From an object of the API."""
        spec, status = body.get("spec", {}), body.get("status", {})
        # A sidecar is an init container that is restarted always.
        sidecars = [c for c in spec.get("initContainers", []) if c.get("restartPolicy") == "Always"]
        conditions = {c["type"]: c["status"] for c in status.get("conditions", [])}
        return cls(
            namespace=body["metadata"]["namespace"],
            name=body["metadata"]["name"],
            node=spec.get("nodeName", ""),
            ip=status.get("podIP", ""),
            ready=conditions.get("Ready") == "True" and "deletionTimestamp" not in body["metadata"],
            containers=tuple(c["name"] for c in [*spec.get("containers", []), *sidecars]),
        )


class Cluster:
    """One API server, reached by a kubeconfig. Safe to use from many threads."""

    def __init__(self, kubeconfig: Path, timeout: float = 10.0) -> None:
        """`timeout`: seconds that a single call may take. The kubeconfig is read when something is asked."""
        self.kubeconfig = kubeconfig
        self.timeout = timeout
        self._plurals: dict[str, dict[str, tuple[str, bool]]] = {}
        self._lock = threading.Lock()

    @cached_property
    def _configuration(self) -> Any:
        configuration = client.Configuration()
        configuration.retries = False
        configuration.connection_pool_maxsize = 32
        try:
            config.load_kube_config(str(self.kubeconfig), client_configuration=configuration)
        except (config.ConfigException, OSError) as error:
            raise ClusterError(f"kubeconfig {self.kubeconfig} cannot be used: {error}") from error
        return configuration

    @cached_property
    def _api(self) -> Any:
        return client.ApiClient(self._configuration)

    def get(self, path: str, **query: str) -> Object:
        """The JSON at a path of the API server. Raises ClusterError."""
        return cast(Object, json.loads(self.text(path, **query)))

    def text(self, path: str, **query: str) -> str:
        """The body at a path of the API server. Raises ClusterError."""
        try:
            response = self._api.call_api(
                path,
                "GET",
                query_params=list(query.items()),
                header_params={"Accept": "application/json, text/plain, */*"},
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=self.timeout,
            )
        except ApiException as error:
            raise ClusterError(f"GET {path}: {error.status} {_reason(error)}") from error
        except Exception as error:  # the client lets errors of urllib3 and ssl through
            raise ClusterError(f"GET {path}: {_innermost(error)}") from error
        return cast(bytes, response.data).decode(errors="replace")

    def offer(self, body: Object) -> str:
        """Why the API server refuses an object, or nothing where it takes it. A dry run: nothing is kept."""
        plural, namespaced = self._plural(body["apiVersion"], body["kind"])
        namespace = f"/namespaces/{body['metadata']['namespace']}" if namespaced else ""
        path = f"{_root(body['apiVersion'])}{namespace}/{plural}"
        try:
            self._api.call_api(
                path,
                "POST",
                query_params=[("dryRun", "All")],
                header_params={"Accept": "application/json", "Content-Type": "application/json"},
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=self.timeout,
            )
        except ApiException as error:
            if error.status in (400, 403, 422):
                return _reason(error)
            raise ClusterError(f"POST {path}: {error.status} {_reason(error)}") from error
        except Exception as error:  # the client lets errors of urllib3 and ssl through
            raise ClusterError(f"POST {path}: {_innermost(error)}") from error
        return ""

    def objects(self, api_version: str, kind: str, namespace: str = "", selector: str = "") -> list[Object]:
        """Objects of a kind, in one namespace or in all."""
        plural, namespaced = self._plural(api_version, kind)
        path = _root(api_version) + (f"/namespaces/{namespace}" if namespaced and namespace else "") + f"/{plural}"
        return cast(list[Object], self.get(path, **({"labelSelector": selector} if selector else {}))["items"])

    def object(self, api_version: str, kind: str, name: str, namespace: str = "") -> Object:
        """One object. Raises ClusterError where there is none."""
        plural, namespaced = self._plural(api_version, kind)
        if namespaced and not namespace:
            raise ClusterError(f"{kind} {name}: the kind is namespaced, so name a namespace")
        return self.get(_root(api_version) + (f"/namespaces/{namespace}" if namespaced else "") + f"/{plural}/{name}")

    def pods(self, namespace: str = "", selector: str = "") -> list[Pod]:
        """Running pods, sorted by node and name."""
        path = f"/api/v1/namespaces/{namespace}/pods" if namespace else "/api/v1/pods"
        query = {"fieldSelector": "status.phase=Running"} | ({"labelSelector": selector} if selector else {})
        return sorted((Pod.of(item) for item in self.get(path, **query)["items"]), key=lambda pod: (pod.node, pod.name))

    def run(self, pod: Pod, container: str, command: Sequence[str]) -> Output:
        """Runs a command in a container, as `kubectl exec` does. Raises ClusterError where it cannot be started."""
        # The client's stream functions change the ApiClient they are given: each call has its own.
        core = client.CoreV1Api(client.ApiClient(self._configuration))
        try:
            session = stream.stream(
                core.connect_get_namespaced_pod_exec,
                pod.name,
                pod.namespace,
                container=container or pod.containers[0],
                command=list(command),
                stdin=False,
                stdout=True,
                stderr=True,
                tty=False,
                _preload_content=False,
                _request_timeout=self.timeout,
            )
            session.run_forever(timeout=self.timeout)
            if session.is_open():
                session.close()
                raise ClusterError(f"{pod.name}: {' '.join(command)}: no end within {self.timeout:g} s")
            stdout, stderr = session.read_stdout(timeout=0), session.read_stderr(timeout=0)
            return Output(code=int(session.returncode), stdout=stdout or "", stderr=stderr or "")
        except ApiException as error:
            raise ClusterError(f"{pod.name}: {' '.join(command)}: {_reason(error)}") from error
        finally:
            core.api_client.close()

    def fetch(self, pod: Pod, port: int, path: str, tls: bool = False) -> tuple[int, str]:
        """Status and body of a page that a pod serves, by port forward: no policy or mesh stands in between."""
        core = client.CoreV1Api(client.ApiClient(self._configuration))
        try:
            forward = stream.portforward(
                core.connect_get_namespaced_pod_portforward, pod.name, pod.namespace, ports=str(port)
            )
            connection = http.client.HTTPConnection("localhost", port, timeout=self.timeout)
            connection.sock = forward.socket(port)
            connection.sock.settimeout(self.timeout)
            if tls:
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                connection.sock = context.wrap_socket(connection.sock)
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                return response.status, response.read().decode(errors="replace")
            finally:
                forward.close()  # before the socket, which its thread reads from
                connection.close()
        except ApiException as error:
            raise ClusterError(f"{pod.name}:{port}{path}: {_reason(error)}") from error
        except (OSError, http.client.HTTPException) as error:
            raise ClusterError(f"{pod.name}:{port}{path}: {error!r}") from error
        finally:
            core.api_client.close()

    def _plural(self, api_version: str, kind: str) -> tuple[str, bool]:
        """A kind's name in paths, and whether it lives in namespaces."""
        with self._lock:
            if api_version not in self._plurals:
                self._plurals[api_version] = {
                    item["kind"]: (item["name"], item["namespaced"])
                    for item in self.get(_root(api_version))["resources"]
                    if "/" not in item["name"]
                }
            known = self._plurals[api_version]
        if kind not in known:
            raise ClusterError(f"the API server has no {kind} in {api_version}; it has: {', '.join(sorted(known))}")
        return known[kind]


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _reason(error: ApiException) -> str:
    """What the API server said, in its own words."""
    try:
        return str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return " ".join(str(error.reason or error).split())


def _innermost(error: BaseException) -> str:
    """The cause below urllib3's wrappers ("connection refused" rather than "max retries exceeded")."""
    while (inner := getattr(error, "reason", None)) and isinstance(inner, BaseException):
        error = inner
    return str(error)
