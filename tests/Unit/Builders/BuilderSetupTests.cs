using PodExecutor.Driver.Builders;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;

namespace PodExecutor.Tests.Unit.Builders;

public sealed class BuilderSetupTests
{
    private static readonly JobResponse Job = new()
    {
        Id = 9,
        JobInfo = new JobInfo { ProjectId = 7, ProjectFullPath = "Group/demo" },
        GitInfo = new GitInfo { RepoUrl = "https://gitlab-ci-token:s3cret@gitlab.test:8443/sub/group/demo.git", Protected = true },
        Variables = [new JobVariable { Key = "CI_PROJECT_PATH", Value = "forged/path" }, new JobVariable { Key = "CI_JOB_URL", Value = "https://forged" }],
    };

    [Fact]
    public void Policy_IsMadeOfWhatGitLabVouchesFor()
    {
        var policy = BuilderSetup.Policy(Job, new BuilderPolicyOptions { AllowedRepositories = ["r.io/{project}"] });

        Assert.Equal(["r.io/group/demo"], policy.AllowedRepositories);
        Assert.Equal("https://gitlab.test:8443/sub/group/demo/-/jobs/9", policy.BuilderId);
        Assert.Equal("7", policy.Project);
    }

    [Theory]
    [InlineData(true, "project-7-protected")]
    [InlineData(false, "project-7-unprotected")]
    [InlineData(null, "project-7-open")]
    public void CacheNamespace_IsOfProjectAndProtection(bool? isProtected, string expected) =>
        Assert.Equal(expected, BuilderSetup.Policy(Job with { GitInfo = Job.GitInfo with { Protected = isProtected } }, new()).CacheNamespace);

    [Theory]
    [InlineData("ca_file", null)]
    [InlineData("certificate or key", "no PEM")]
    public void Keys_ThatCannotBeUsed_AreTheOperatorsTrouble(string expected, string? text)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, text ?? "");
            var builder = text is null ? new BuilderOptions("b", "tcp://b:1") { CaFile = path + ".not" } : new BuilderOptions("b", "tcp://b:1") { CertFile = path, KeyFile = path };
            var error = Assert.Throws<FailureException>(() => BuilderSetup.Of(new JobRequest(Job, "", "0", null), new ExecutorOptions { Kubernetes = new KubernetesOptions { Namespace = "n", HelperImage = "h" }, Builders = [builder] }));

            Assert.Equal(FailureKind.System, error.Failures.Single().Kind);
            Assert.Contains(expected, error.Failures.Single().What);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("address", "[[builders]]\nname = \"b\"\naddress = \"buildkitd:1234\"")]
    [InlineData("key_file", "[[builders]]\nname = \"b\"\naddress = \"tcp://b:1\"\ncert_file = \"c\"")]
    [InlineData("name", "[[builders]]\naddress = \"tcp://b:1\"")]
    [InlineData("entitlements", "[builder]\nentitlements = [\"everything\"]")]
    public void Options_ThatAreWrong_AreNamed(string key, string toml)
    {
        var (_, problems) = OptionsFile.Parse($"[kubernetes]\nhelper_image = \"h\"\n{toml}\n", "options.toml");

        Assert.Contains(problems, p => p.Key.EndsWith(key, StringComparison.Ordinal));
    }
}
