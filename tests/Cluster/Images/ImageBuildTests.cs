using System.Text.RegularExpressions;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Images;

/// <summary>Images built by jobs in unprivileged pods of plain images, on a real BuildKit behind mutual TLS.</summary>
public sealed partial class ImageBuildTests(TestCluster cluster)
{
    private const string Base = "127.0.0.1:15000/team/public:1";

    /// <summary>The users' pipeline, as they wrote it.</summary>
    private const string Seed = """
        default:
          cache:
            paths:
              - target/

        variables:
          IMAGE_NAME: harbor.local.com/devops/$CI_PROJECT_NAME:$CI_COMMIT_BRANCH-$CI_COMMIT_SHORT_SHA-$CI_PIPELINE_ID

        stages:
          - build
          - deploy

        images:
          stage: build
          tags:
            - k8s
          script:
            - "nerdctl build --buildkit-host tcp://buildkitd.cicd.svc:1234 -t $IMAGE_NAME ."
            - nerdctl images
            - "nerdctl login --insecure-registry harbor.local.com -u admin -p $HARBOR_PASSWORD"
            - "nerdctl push $IMAGE_NAME --insecure-registry"
            - "nerdctl rmi -f $IMAGE_NAME "

        """;

    [Fact]
    public async Task SeedsImagesJob_Unchanged_PushesAnImageThatAPodRuns()
    {
        using var harbor = await Harbor.StartAsync();
        await using var builder = PodsBuilder.Start();
        using var project = await TryProject.CreateAsync(cluster, Seed);
        project.Write("Dockerfile", $"FROM {Base}\nCOPY greeting /greeting\n");
        project.Write("greeting", "built by the seed's pipeline");
        project.AddOptions(builder.Options("buildkitd"));

        var log = await project.PassAsync("--variable", $"HARBOR_PASSWORD={Harbor.Password}", "images");
        var image = Pushed().Match(log).Groups[1].Value;
        await using var job = new TestJob(cluster, new JobRequest("cat /greeting")
        {
            Image = image.Replace(Harbor.Name, Harbor.PullName, StringComparison.Ordinal),
            Credentials = [new PayloadCredential { Type = "registry", Url = Harbor.PullName, Username = Harbor.User, Password = Harbor.Password }],
        });
        var outcome = await job.RunAsync();

        Assert.StartsWith("harbor.local.com/devops/", image);
        Assert.Contains("tcp://buildkitd.cicd.svc:1234 is none of this runner's builders", log);
        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("\nbuilt by the seed's pipeline", job.Log.Text);
    }

    [Fact]
    public async Task BuilderKeys_AreOutOfReachOfScriptsAndObjects()
    {
        await using var builder = PodsBuilder.Start();
        var ns = await cluster.NewNamespaceAsync();
        await using var job = new TestJob(cluster, new JobRequest(
            $"printf 'FROM {Base}\\nRUN echo {Guid.NewGuid():N}\\n' | docker build -",
            "docker info",
            "! grep -rlE 'PRIVATE KEY|BEGIN CERTIFICATE' /opt/pod-executor/builders /run/pod-executor /proc/self/environ /proc/1/environ 2> /dev/null",
            "echo run'ning'; while [ ! -e /tmp/go ]; do sleep 0.1; done")
        {
            Namespace = ns,
            Options = builder.Options("buildkitd"),
        });
        var running = job.RunAsync();
        await job.Log.SawAsync("\nrunning");

        // Who runs a hook in the helper container is root there, and yet not let into its main process.
        var (code, _, refused) = await Shell.TryAsync("kubectl", $"--kubeconfig={cluster.Kubeconfig}", "exec", job.Pod, "-n", ns, "-c", "helper", "--", "sh", "-c", "id -u; head -c 1 /proc/1/mem");
        var objects = await cluster.KubectlAsync("get", "pods,secrets,configmaps,events", "-n", ns, "-o", "yaml");
        await cluster.KubectlAsync("exec", job.Pod, "-n", ns, "-c", "build", "--", "touch", "/tmp/go");
        var outcome = await running;

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("Name:      buildkitd", job.Log.Text);
        Assert.NotEqual(0, code);
        Assert.Contains("denied", refused, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(builder.Address["tcp://".Length..], objects);
        Assert.DoesNotContain("PRIVATE KEY", objects);
    }

    [Fact]
    public async Task CacheMounts_OfTwoProjects_WithOneId_AreTwo()
    {
        await using var builder = PodsBuilder.Start();
        var id = Guid.NewGuid().ToString("N");

        async Task<string> BuildAsync(long project, string mark)
        {
            await using var job = new TestJob(cluster, new JobRequest(
                $"printf 'FROM {Base}\\nRUN --mount=type=cache,id={id},target=/c echo {mark} {id}; ls /c; touch /c/left-by-{project}\\n' | docker build --progress plain -")
            {
                ProjectId = project,
                Options = builder.Options("buildkitd"),
            });
            var outcome = await job.RunAsync();
            Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
            return job.Log.Text;
        }

        await BuildAsync(71, "first");
        var other = await BuildAsync(72, "second");
        var again = await BuildAsync(71, "third");

        Assert.False(Listed(other, "left-by-71"), other);
        Assert.True(Listed(again, "left-by-71"), again);
        Assert.False(Listed(again, "left-by-72"), again);

        // As a line of its own, with the step's number and seconds before it.
        static bool Listed(string log, string file) => Regex.IsMatch(log, $@"#\d+ [0-9.]+ {file}\s");
    }

    [GeneratedRegex(@"Built (\S+) \(sha256:[0-9a-f]{64}\)(?:.|\n)*\S+: digest: sha256:[0-9a-f]{64} size: [0-9]+")]
    private static partial Regex Pushed();
}
