using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Tests.Unit.Settings;

/// <summary>The small rules that decisions stand on.</summary>
public sealed class RuleTests
{
    [Theory]
    [InlineData("debian:*", "debian:12", true)]
    [InlineData("debian:*", "debian", false)]
    [InlineData("registry.example.com/*", "registry.example.com/a", true)]
    [InlineData("registry.example.com/*", "registry.example.com/a/b", false)]
    [InlineData("registry.example.com/**", "registry.example.com/a/b:1", true)]
    [InlineData("registry.example.com/**/ci:*", "registry.example.com/ci:1", true)]
    [InlineData("registry.example.com/**/ci:*", "registry.example.com/a/b/ci:1", true)]
    [InlineData("registry.example.com/**/ci:*", "registry.example.com/a/b/cd:1", false)]
    [InlineData("**", "anything/at:all", true)]
    [InlineData("group/**", "group/demo", true)]
    [InlineData("group/**", "grouped/demo", false)]
    [InlineData("ruby:3.[0-2]", "ruby:3.1", true)]
    [InlineData("ruby:3.[!0-2]", "ruby:3.1", false)]
    [InlineData("{ruby,node}:*", "node:22", true)]
    [InlineData("{ruby,node}:*", "go:1", false)]
    [InlineData("a?c", "a/c", false)]
    [InlineData("release/*", "release/1", true)]
    [InlineData("*a*b*c", "xxaxxbxxbxc", true)]
    [InlineData("*a*b*c", "xxaxxbxxbx", false)]
    public void Glob_OfAPattern_MatchesAsInTheRunner(string pattern, string text, bool matches) => Assert.Equal(matches, Glob.IsMatch(pattern, text));

    [Theory]
    [InlineData("1", 1)]
    [InlineData("500m", 0.5)]
    [InlineData("0.5", 0.5)]
    [InlineData(".5", 0.5)]
    [InlineData("1k", 1000)]
    [InlineData("1Ki", 1024)]
    [InlineData("2M", 2e6)]
    [InlineData("1Gi", 1073741824)]
    [InlineData("1E", 1e18)]
    [InlineData("1e3", 1000)]
    [InlineData("1E-3", 0.001)]
    [InlineData("100n", 1e-7)]
    [InlineData("5u", 5e-6)]
    public void Quantity_OfAText_HasItsValue(string text, double value)
    {
        Assert.True(Quantities.IsValid(text));
        Assert.Equal(value, Quantities.Value(text), 12);
    }

    [Theory]
    [InlineData("lots")]
    [InlineData("1 Gi")]
    [InlineData("1GiB")]
    [InlineData("-1")]
    [InlineData("1e400")]
    [InlineData("1Gi\n")]
    [InlineData("99999999999999999999")]
    public void Quantity_OfAnotherText_IsNone(string text) => Assert.False(Quantities.IsValid(text));

    [Theory]
    [InlineData("/var/run/docker.sock", true)]
    [InlineData("/run/docker.sock", true)]
    [InlineData("/run/containerd", true)]
    [InlineData("/run/containerd/", true)]
    [InlineData("/var/run", true)]
    [InlineData("/", true)]
    [InlineData("//run/../run/./docker.sock", true)]
    [InlineData("/opt/custom/any.sock", true)]
    [InlineData("/run/buildkit", true)]
    [InlineData("/etc/ssl/certs", false)]
    [InlineData("/run/user", false)]
    [InlineData("/var/lib/ci", false)]
    public void HostPath_OfARuntime_IsASocket(string path, bool isSocket) => Assert.Equal(isSocket, HostSockets.Covers(path));

    [Theory]
    [InlineData("34", 34)]
    [InlineData("20+", 20)]
    [InlineData("", 0)]
    [InlineData("x", 0)]
    public void Version_OfAServer_IsItsMinor(string text, int minor) => Assert.Equal(minor, ServerNeeds.Minor(text));
}
