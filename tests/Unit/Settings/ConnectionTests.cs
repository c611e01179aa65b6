using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Options;

namespace PodExecutor.Tests.Unit.Settings;

/// <summary>How the options name the API server.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public void Host_WithCertificates_GoesBeforeAKubeconfig()
    {
        var folder = Directory.CreateTempSubdirectory("connection-");
        try
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var certificate = new CertificateRequest("CN=ca", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue);
            var file = Path.Combine(folder.FullName, "ca.crt");
            File.WriteAllText(file, certificate.ExportCertificatePem());
            var options = Options($"""
                host = "https://api.example.com:6443"
                kubeconfig = "/no/such/file"
                ca_file = "{file}"
                cert_file = "client.crt"
                key_file = "client.key"
                bearer_token = "token"
                """);

            var endpoint = Connection.Endpoint(options);

            Assert.Equal(("https://api.example.com:6443/", "client.crt", "client.key", "token"), (endpoint.Server.AbsoluteUri, endpoint.CertificateFile, endpoint.KeyFile, endpoint.Token));
            Assert.Equal(certificate.ExportCertificatePem(), endpoint.Authorities);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Token_OfTheOptions_IsNeverPrinted() =>
        Assert.DoesNotContain("s3cret", Options("host = \"https://api.example.com\"\nbearer_token = \"s3cret\"").ToString());

    [Theory]
    [InlineData("cert_file = \"a\"", "kubernetes.cert_file")]
    [InlineData("key_file = \"a\"", "kubernetes.key_file")]
    [InlineData("host = \"api.example.com\"", "kubernetes.host")]
    [InlineData("[[kubernetes.volumes.host_path]]\nname = \"docker\"\nmount_path = \"/var/run/docker.sock\"", "kubernetes.volumes")]
    [InlineData("cpu_limit = \"1\"\ncpu_request = \"2\"", "kubernetes.cpu_request")]
    [InlineData("pod_labels = { \"job.runner.gitlab.com/pod\" = \"x\" }", "kubernetes.pod_labels")]
    [InlineData("allowed_users = [\"root\"]", "kubernetes.allowed_users")]
    [InlineData("affinity = { node_afinity = {} }", "kubernetes.affinity")]
    [InlineData("namespace_overwrite_allowed = \"(\"", "kubernetes.namespace_overwrite_allowed")]
    [InlineData("poll_interval = 3", "kubernetes.poll_interval")]
    [InlineData("[kubernetes.autoscaler]\nmax_pause_pods = 1", "kubernetes.autoscaler")]
    [InlineData("[[kubernetes.pod_spec]]\nname = \"x\"", "kubernetes.pod_spec.patch")]
    [InlineData("[[kubernetes.pod_spec]]\npatch = \"a: [\"", "kubernetes.pod_spec.patch")]
    [InlineData("[[kubernetes.pod_spec]]\npatch_path = \"/no/such/file\"", "kubernetes.pod_spec.patch_path")]
    [InlineData("[kubernetes.pod_security_context]\nseccomp_profile = { type = \"Localhost\" }", "kubernetes.pod_security_context.seccomp_profile.type")]
    [InlineData("[profiles.a]\nallowed_projects = [\"**\"]\nkubeconfig = \"x\"", "profiles.a.kubeconfig")]
    [InlineData("[profiles.a]\nmemory_limit = \"1Gi\"", "profiles.a.allowed_projects")]
    [InlineData("[profiles.a]\nallowed_projects = [\"**\"]\nmemory_limits = \"1Gi\"", "profiles.a.memory_limits")]
    [InlineData("memory_request = \"1Gi\"\n[profiles.a]\nallowed_projects = [\"**\"]\nmemory_limit = \"512Mi\"", "profiles.a.memory_request")]
    public void Options_ThatContradict_AreAProblemOfTheirKey(string lines, string key)
    {
        var (_, problems) = OptionsFile.Parse("[kubernetes]\nhelper_image = \"helper:1\"\n" + lines, "/etc/options.toml");

        Assert.Equal([key], problems.Select(p => p.Key).Distinct());
        Assert.All(problems, p => Assert.True(p.Line > 1 && p.Remedy.Length > 0, p.ToString()));
    }

    private static KubernetesOptions Options(string lines)
    {
        var (options, problems) = OptionsFile.Parse("[kubernetes]\nhelper_image = \"helper:1\"\n" + lines, "options.toml");
        Assert.Empty(problems);
        return options.Kubernetes;
    }
}
