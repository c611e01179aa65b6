using System.Text.Json;
using System.Text.Json.Nodes;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Pods;
using PodExecutor.Tests.Unit.Options;

namespace PodExecutor.Tests.Unit.Settings;

/// <summary>
/// Damaged options and hostile jobs: never a crash, and every refusal names key, value and place. Seeds are fixed, so a failure
/// comes again; POD_EXECUTOR_FUZZ sets how many rounds each seed has.
/// </summary>
public sealed class FuzzTests
{
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("POD_EXECUTOR_FUZZ"), out var rounds) ? rounds : 60;

    private static readonly string[] Nasty =
    [
        "", " ", "0", "-1", "999999999999999999999", "1e99", "1Gi", "500m", "true", "no-such-thing", "a=b", "a=b:NoSchedule", "=", ":", "a/b/c=d",
        "../../etc", "$HOME", "${UNCLOSED", "$(command)", "\"quoted\"", "'", "\\", "ünï", "line\nbreak", "\0", "x.example.com/y=z", "kubernetes.io/arch=arm64",
        "1000", "1000:1000", "4294967296", "root", "ci-team", "linux/arm64", "{a,b", "[", "**", "(", "a{1000000}", new string('x', 300),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Options_Damaged_AreReadOrEveryProblemHasItsPlace(int seed)
    {
        var random = new Random(seed);
        var whole = Repository.Read("deploy/config.example.toml").Split('\n');
        for (var round = 0; round < Rounds; round++)
        {
            var lines = whole.ToList();
            for (var damage = random.Next(1, 6); damage > 0; damage--)
            {
                Damage(lines, random);
            }

            var (options, problems) = OptionsFile.Parse(string.Join('\n', lines), Path.Combine(Repository.Root, "deploy/options.toml"));
            Assert.NotNull(options);
            Assert.All(problems, p => Assert.True(
                p.Line >= 1 && p.Line <= lines.Count + 1 && p.File.EndsWith("options.toml", StringComparison.Ordinal) && p.What.Length > 0 && p.Remedy.Length > 0, p.ToString()));
            Assert.Equal(problems.Count, problems.Distinct().Count());
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void Job_Hostile_GetsAPodOrARefusalThatNamesKeyAndValue(int seed)
    {
        var random = new Random(seed);
        var (options, problems) = OptionsFile.Parse(Repository.Read("deploy/config.example.toml"), Path.Combine(Repository.Root, "deploy/options.toml"));
        Assert.Empty(problems);
        var names = OptionsFile.Describe().All().Select(k => k.Key.Job).OfType<string>().Where(j => j.StartsWith("KUBERNETES_", StringComparison.Ordinal)).ToList();
        for (var round = 0; round < Rounds; round++)
        {
            var job = Hostile(names, random);
            var request = new JobRequest(JsonSerializer.Deserialize(job.ToJsonString(), JobJson.Default.JobResponse)!, Pick(random), Pick(random), null);
            try
            {
                var plan = Admission.Decide(request, options);
                Assert.True(KubernetesNames.IsLabel(plan.Pod.Namespace), plan.Pod.Namespace);
                Assert.NotNull(JsonNode.Parse(PodManifest.Of(plan)));
            }
            catch (FailureException e)
            {
                Assert.All(e.Failures, f => Assert.True(f.Kind == FailureKind.Job && f.What.Length > 0 && f.Why is { Length: > 0 } && f.Hint is { Length: > 0 }, f.ToString()));
                Assert.All(e.Failures, f => Assert.True(NamesWhatItIsAbout(f, job), $"{f}\n{job.ToJsonString()}"));
            }
        }
    }

    private static bool NamesWhatItIsAbout(Failure failure, JsonObject job)
    {
        var text = failure.ToString();
        string[] places = ["KUBERNETES_", "POD_PROFILE", "HEALTHCHECK_TCP_PORT", "pull_policy", "kubernetes:user", "docker:user", "docker:platform", "DOCKER_AUTH_CONFIG", "volumes", "allowed_images", "allowed_services", "services[", "`image:`"];
        return places.Any(p => text.Contains(p, StringComparison.Ordinal))
            && (text.Contains("names no image", StringComparison.Ordinal) || Leaves(job).Any(v => v.Length > 0 && text.Contains(v, StringComparison.Ordinal)));
    }

    private static IEnumerable<string> Leaves(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(m => Leaves(m.Value)),
        JsonArray list => list.SelectMany(Leaves),
        JsonValue value when value.TryGetValue<string>(out var text) => [text],
        _ => [],
    };

    private static JsonObject Hostile(List<string> names, Random random)
    {
        JsonObject Variable(string key) => new() { ["key"] = key, ["value"] = Pick(random), ["public"] = true, ["raw"] = random.Next(2) == 0 };
        JsonObject Image(string name) => new()
        {
            ["name"] = random.Next(3) == 0 ? Pick(random) : name,
            ["alias"] = random.Next(2) == 0 ? Pick(random) : null,
            ["pull_policy"] = random.Next(3) == 0 ? new JsonArray(Pick(random)) : null,
            ["entrypoint"] = random.Next(3) == 0 ? new JsonArray(Pick(random)) : null,
            ["variables"] = new JsonArray(Variable("HEALTHCHECK_TCP_PORT"), Variable("KUBERNETES_SERVICE_CPU_LIMIT")),
            ["executor_opts"] = new JsonObject
            {
                ["docker"] = new JsonObject { ["platform"] = random.Next(3) == 0 ? Pick(random) : "", ["user"] = random.Next(3) == 0 ? Pick(random) : "" },
                ["kubernetes"] = new JsonObject { ["user"] = random.Next(3) == 0 ? Pick(random) : "" },
            },
        };
        return new JsonObject
        {
            ["id"] = random.NextInt64(),
            ["job_info"] = new JsonObject { ["project_full_path"] = Pick(random), ["name"] = Pick(random), ["project_id"] = random.NextInt64() },
            ["git_info"] = new JsonObject { ["repo_url"] = Pick(random), ["ref"] = Pick(random) },
            ["variables"] = new JsonArray([.. names.Where(_ => random.Next(4) == 0).Select(n => (JsonNode)Variable(n.Replace("*", "X", StringComparison.Ordinal))), Variable("CI_CONCURRENT_ID"), Variable(random.Next(3) == 0 ? "POD_PROFILE" : "OTHER")]),
            ["image"] = Image("debian:12"),
            ["services"] = new JsonArray(Image("redis:7"), Image("postgres:16")),
        };
    }

    private static void Damage(List<string> lines, Random random)
    {
        var at = random.Next(lines.Count);
        switch (random.Next(6))
        {
            case 0:
                lines.RemoveAt(at);
                break;
            case 1:
                lines.Insert(at, lines[random.Next(lines.Count)]);
                break;
            case 2 when lines[at].Contains('=', StringComparison.Ordinal):
                lines[at] = $"{lines[at].Split('=')[0]}= {JsonSerializer.Serialize(Pick(random), JsonSerializerOptions.Default)}";
                break;
            case 3 when lines[at].Contains('=', StringComparison.Ordinal):
                lines[at] = $"{lines[at].Split('=')[0]}= {random.Next(-5, 100_000)}";
                break;
            case 4 when lines[at].Length > 0:
                lines[at] = lines[at].Remove(random.Next(lines[at].Length), 1);
                break;
            default:
                lines[at] = lines[at].Insert(random.Next(lines[at].Length + 1), Pick(random));
                break;
        }
    }

    private static string Pick(Random random) => Nasty[random.Next(Nasty.Length)];
}
