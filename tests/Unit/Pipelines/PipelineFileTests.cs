using PodExecutor.Driver.Pipelines.Files;

namespace PodExecutor.Tests.Unit.Pipelines;

public sealed class PipelineFileTests : IDisposable
{
    private readonly string _project = Directory.CreateTempSubdirectory("pipeline-").FullName;

    public void Dispose() => Directory.Delete(_project, recursive: true);

    [Fact]
    public void File_WithEverythingSupported_IsReadWhole()
    {
        var job = Load("""
            stages: [build, check]
            default:
              image: debian:12
              before_script: [echo before]
            variables:
              GLOBAL: one
              RAW: {value: "$GLOBAL", expand: false, description: text}
            lint:
              stage: check
              image: {name: alpine, entrypoint: [""], pull_policy: always, kubernetes: {user: 1000}, docker: {platform: linux/amd64}}
              services:
                - redis:7
                - {name: "postgres:16", alias: db, command: ["-c", "x"], variables: {POSTGRES_PASSWORD: pw}}
              variables: {GLOBAL: two}
              script:
                - [echo a, [echo b]]
                - |
                  for i in 1 2; do
                    echo $i
                  done
              after_script: echo after
              hooks: {pre_get_sources_script: [echo hook]}
              needs: [other, {job: third, artifacts: false, optional: true}]
              dependencies: [other]
              artifacts:
                name: out
                paths: [out/]
                exclude: [out/*.tmp]
                untracked: true
                expire_in: 1 week
                when: always
                reports: {junit: junit.xml, dotenv: [a.env]}
              cache: [{key: k-$GLOBAL, paths: [deps], policy: pull, when: on_failure, fallback_keys: [k]}]
              when: always
              allow_failure: {exit_codes: [3, 4]}
              timeout: 1h 30m
              retry: {max: 2, when: [script_failure], exit_codes: 7}
            other: {stage: build, script: "true"}
            third: {stage: build, script: "true"}
            """).Jobs[0];

        Assert.Equal(("lint", "check", JobWhen.Always), (job.Name, job.Stage, job.When));
        Assert.Equal(("alpine", "1000", "linux/amd64"), (job.Image!.Name, job.Image.ExecutorOpts.Kubernetes.User, job.Image.ExecutorOpts.Docker.Platform));
        Assert.Equal([""], job.Image.Entrypoint!);
        Assert.Equal(["always"], job.Image.PullPolicy!);
        Assert.Equal(["redis:7", "postgres:16"], job.Services.Select(s => s.Name));
        Assert.Equal("pw", job.Services[1].Variables![0].Value);
        Assert.Equal([("GLOBAL", "one", false), ("RAW", "$GLOBAL", true), ("GLOBAL", "two", false)], job.Variables.Select(v => (v.Key, v.Value, v.Raw)));
        Assert.Equal(["echo before", "echo a", "echo b", "for i in 1 2; do\n  echo $i\ndone\n"], job.Script);
        Assert.Equal(["echo after"], job.AfterScript);
        Assert.Equal(["echo hook"], job.PreGetSources);
        Assert.Equal([("other", true, false), ("third", false, true)], job.Needs!.Select(n => (n.Job, n.Artifacts, n.Optional)));
        Assert.Equal(["other"], job.Dependencies!);
        Assert.Equal([("archive", "zip", "always"), ("junit", "gzip", "always"), ("dotenv", "gzip", "always")], job.Artifacts.Select(a => (a.ArtifactType, a.ArtifactFormat, a.When)));
        Assert.Equal(("out", true, "1 week", "out/*.tmp"), (job.Artifacts[0].Name, job.Artifacts[0].Untracked, job.Artifacts[0].ExpireIn, job.Artifacts[0].Exclude![0]));
        Assert.Equal(("k-$GLOBAL-non_protected", "pull", "on_failure", "k-non_protected"), (job.Cache[0].Key, job.Cache[0].Policy, job.Cache[0].When, job.Cache[0].FallbackKeys[0]));
        Assert.Equal([3, 4], job.AllowedExitCodes!);
        Assert.Equal(TimeSpan.FromMinutes(90), job.Timeout);
        Assert.Equal((2, "script_failure", 7), (job.Retry.Max, job.Retry.When[0], job.Retry.ExitCodes[0]));
    }

    [Fact]
    public void Extends_SeveralParents_MergesMappingsAndReplacesLists()
    {
        var job = Load("""
            .a: {variables: {A: a, X: a}, script: [echo a]}
            .b: {extends: .a, variables: {X: b}, image: img}
            .c: {script: [echo c]}
            job: {extends: [.b, .c], variables: {Y: y}}
            """).Jobs.Single();

        Assert.Equal(["A=a", "X=b", "Y=y"], job.Variables.Select(v => $"{v.Key}={v.Value}"));
        Assert.Equal(["echo c"], job.Script);
        Assert.Equal("img", job.Image!.Name);
    }

    [Fact]
    public void References_AnchorsAndMergeKeys_AreFollowed()
    {
        var job = Load("""
            .setup: &setup {image: base, tags: [x]}
            .scripts: {script: [echo one, echo two], rules: [{if: $A}]}
            job:
              <<: *setup
              script: [!reference [.scripts, script], echo three]
              rules: [!reference [.scripts, rules], {when: manual}]
            """).Jobs.Single();

        Assert.Equal("base", job.Image!.Name);
        Assert.Equal(["echo one", "echo two", "echo three"], job.Script);
        Assert.Equal(2, job.Rules!.Count);
    }

    [Fact]
    public void Include_LocalFile_LiesUnderTheIncludingOne()
    {
        Directory.CreateDirectory(Path.Combine(_project, "ci"));
        File.WriteAllText(Path.Combine(_project, "ci/base.yml"), "job: {image: below, script: [echo below]}\n");

        var job = Load("include: [{local: /ci/base.yml}]\njob: {image: above}\n").Jobs.Single();

        Assert.Equal(("above", "echo below"), (job.Image!.Name, job.Script[0]));
    }

    [Fact]
    public void Inherit_NarrowedDown_TakesOnlyThat()
    {
        var job = Load("""
            default: {image: d, before_script: [echo b]}
            variables: {A: a, B: b}
            job: {inherit: {default: [image], variables: [B]}, script: [x]}
            """).Jobs.Single();

        Assert.Equal(("d", 1, "B"), (job.Image!.Name, job.Script.Count, job.Variables.Single().Key));
    }

    [Theory]
    [InlineData("only: [main]", "only is not supported: only is not evaluated")]
    [InlineData("except: [main]", "except is not supported")]
    [InlineData("parallel: 3", "parallel is not supported: a job is not multiplied")]
    [InlineData("trigger: other", "trigger is not supported")]
    [InlineData("release: {tag_name: v1}", "release is not supported")]
    [InlineData("secrets: {A: {vault: x}}", "secrets is not supported")]
    [InlineData("id_tokens: {A: {aud: x}}", "id_tokens is not supported")]
    [InlineData("identity: google_cloud", "identity is not supported")]
    [InlineData("run: [{name: a}]", "run is not supported")]
    [InlineData("inputs: {a: b}", "inputs is not supported")]
    [InlineData("type: build", "type is not supported")]
    [InlineData("scirpt: x", "scirpt is not a keyword that try knows")]
    [InlineData("rules: [{changes: [a]}]", "rules: changes is not evaluated")]
    [InlineData("rules: [{exists: [a]}]", "rules: exists is not evaluated")]
    [InlineData("rules: [{needs: [a]}]", "rules: needs is not supported")]
    [InlineData("rules: [{if: $A ==}]", "rules: if: $A ==: it ends where")]
    [InlineData("rules: [{foo: 1}]", "rules: foo is not a keyword")]
    [InlineData("stage: nowhere", "\"nowhere\" is not one of stages: .pre, build, test, deploy, .post")]
    [InlineData("needs: [ghost]", "needs: there is no job \"ghost\"")]
    [InlineData("needs: [{pipeline: x, job: y}]", "needs: pipeline, job is not supported")]
    [InlineData("dependencies: [ghost]", "dependencies: there is no job \"ghost\"")]
    [InlineData("extends: .ghost", "extends: there is no job \".ghost\"")]
    [InlineData("extends: job", "is a circle")]
    [InlineData("image: {entrypoint: [a]}", "image: this is a mapping, it must be an image name")]
    [InlineData("image: {name: a, privileged: true}", "image: privileged is not supported")]
    [InlineData("image: {name: a, docker: {privileged: true}}", "docker: privileged is not supported")]
    [InlineData("image: {name: a, pull_policy: sometimes}", "pull_policy: \"sometimes\" is not one of")]
    [InlineData("services: [{name: a, ports: [80]}]", "services: ports is not supported")]
    [InlineData("artifacts: {reports: {fancy: x}}", "artifacts: reports: fancy is not a type")]
    [InlineData("artifacts: {path: x}", "artifacts: path is not supported")]
    [InlineData("cache: {key: {files: [a]}}", "cache: key: files: GitLab computes this key")]
    [InlineData("cache: {path: x}", "cache: path is not supported")]
    [InlineData("timeout: soon", "timeout: \"soon\" is not a duration")]
    [InlineData("retry: 5", "retry: \"5\" must be a number from 0 to 2")]
    [InlineData("allow_failure: perhaps", "\"perhaps\" must be true or false")]
    [InlineData("when: later", "when: \"later\" is not one of on_success")]
    [InlineData("before_script: [{echo: x}]", "quotes around the whole command")]
    [InlineData("before_script: [!reference [.x, y]]", "!reference [.x, y]: there is nothing of that name")]
    [InlineData("variables: [a]", "variables: this is a list")]
    [InlineData("hooks: {post: x}", "hooks: post is not supported")]
    public void Job_KeyThatWouldChangeTheResult_IsRefusedWithItsLine(string line, string expected)
    {
        var text = $"other: {{script: \"true\"}}\njob:\n  script: \"true\"\n  {line}\n";

        var problem = Assert.Single(Assert.Throws<PipelineFileException>(() => Load(text)).Problems);

        Assert.Contains(expected, problem.Text);
        Assert.Equal(line.StartsWith("dependencies") ? 2 : 4, problem.Place.Line);
        Assert.StartsWith(Path.Combine(_project, "pipe.yml") + ":", problem.ToString());
    }

    [Theory]
    [InlineData("coverage: /x/", "coverage:")]
    [InlineData("environment: prod", "environment:")]
    [InlineData("interruptible: true", "interruptible:")]
    [InlineData("resource_group: x", "resource_group:")]
    [InlineData("tags: [x]", "tags: there is one runner")]
    [InlineData("pages: true", "pages:")]
    [InlineData("start_in: 1 hour", "start_in:")]
    [InlineData("artifacts: {paths: [a], expose_as: x}", "artifacts: expose_as:")]
    [InlineData("rules: [{if: $A, interruptible: true}]", "rules: interruptible:")]
    public void Job_HarmlessKey_IsNamedAsIgnored(string line, string expected)
    {
        var problem = Assert.Single(Load($"job:\n  script: \"true\"\n  {line}\n").Problems);

        Assert.StartsWith(expected, problem.Text);
        Assert.Equal((3, false, "job"), (problem.Place.Line, problem.IsError, problem.Job));
    }

    [Theory]
    [InlineData("types: [a]\njob: {script: x}", 1, "types is not supported")]
    [InlineData("job: {script: x}\nfoo: bar", 2, "foo is not a keyword")]
    [InlineData("include: {remote: 'https://x/y.yml'}\njob: {script: x}", 1, "include: remote is not supported")]
    [InlineData("include: [{template: X}]\njob: {script: x}", 1, "include: template is not supported")]
    [InlineData("include: https://x/y.yml\njob: {script: x}", 1, "is not supported")]
    [InlineData("include: /gone.yml\njob: {script: x}", 1, "\"gone.yml\" is not in")]
    [InlineData("include: ../../etc/passwd\njob: {script: x}", 1, "is not in")]
    [InlineData("spec: {inputs: {a: {}}}\n---\njob: {script: x}", 3, "second document")]
    [InlineData("job: {image: x}", 1, "a job needs a script")]
    [InlineData("job: {script: [}", 1, "this is not YAML")]
    [InlineData("- a\n- b", 1, "a pipeline is a mapping")]
    [InlineData("default: {stage: x}\njob: {script: x}", 1, "default: stage is not a keyword")]
    [InlineData("workflow: {rules: [{if: $A, variables: {B: b}}]}\njob: {script: x}", 1, "workflow: rules: variables is not supported")]
    [InlineData("a: {script: x, needs: [b]}\nb: {script: x, needs: [a]}", 1, "comes after")]
    public void File_WrongAtItsTop_IsRefusedWithItsLine(string text, long line, string expected)
    {
        var problem = Assert.Throws<PipelineFileException>(() => Load(text)).Problems[0];

        Assert.Contains(expected, problem.Text);
        Assert.Equal(line, problem.Place.Line);
    }

    [Fact]
    public void Errors_OfJobsThatAreNotWanted_DoNotCount()
    {
        const string Text = "good: {script: x}\nbad: {script: x, parallel: 2}\n";

        Assert.Throws<PipelineFileException>(() => Load(Text));
        Assert.Equal(2, Load(Text, "good").Jobs.Count);
    }

    [Fact]
    public void Job_NotInTheFile_IsNamedWithTheOthers() =>
        Assert.Contains("no job \"x\". There are: a, b", Assert.Throws<PipelineFileException>(() => Load("a: {script: x}\nb: {script: x}", "x")).Message);

    [Fact]
    public void Errors_InSeveralPlaces_AreToldAtOnce() =>
        Assert.Equal(3, Assert.Throws<PipelineFileException>(() => Load("a: {script: x, only: [b], foo: 1}\nb: {image: x}")).Problems.Count);

    [Theory]
    [InlineData("90", 90)]
    [InlineData("90 minutes", 5400)]
    [InlineData("1h 30m", 5400)]
    [InlineData("1 hour and 5 minutes", 3900)]
    [InlineData("1h30m15s", 5415)]
    [InlineData("2 weeks", 1209600)]
    [InlineData("0.5 h", 1800)]
    public void Duration_AsPeopleWriteIt_IsUnderstood(string text, double seconds)
    {
        Assert.True(HumanDuration.TryParse(text, out var duration));
        Assert.Equal(seconds, duration.TotalSeconds);
    }

    private PipelineRequest Load(string text, params string[] jobs)
    {
        var path = Path.Combine(_project, "pipe.yml");
        File.WriteAllText(path, text);
        return PipelineFile.Load(path, _project, jobs);
    }
}
