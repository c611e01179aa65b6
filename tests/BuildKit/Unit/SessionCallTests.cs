using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Exports;
using PodExecutor.BuildKit.Session;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Unit;

/// <summary>A connection that breaks is no fault of this machine's disk, although both are told by IOExceptions.</summary>
public sealed class SessionCallTests : IDisposable
{
    private readonly Project _project = new();

    public static TheoryData<string> Kinds => ["local", "tar", "oci"];

    public void Dispose() => _project.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Connection_ThatBreaksWhileAResultComes_IsNoLocalFailure(string kind)
    {
        var pipe = new Pipe();
        await pipe.Writer.CompleteAsync(new IOException("The request stream was aborted."));
        using var call = new SessionCall(Features(pipe.Reader), TestContext.Current.CancellationToken);
        var target = _project.Out("result");
        var export = kind switch { "local" => Export.Local(target), "tar" => Export.Tar(target), _ => Export.OciArchive(target) };

        await Assert.ThrowsAsync<OperationCanceledException>(() => new FileSendService([export]).DiffCopyAsync(call));
    }

    private static FeatureCollection Features(PipeReader reader)
    {
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature());
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(Stream.Null));
        features.Set<IRequestBodyPipeFeature>(new Body(reader));
        features.Set<IHttpRequestLifetimeFeature>(new HttpRequestLifetimeFeature());
        return features;
    }

    private sealed class Body(PipeReader reader) : IRequestBodyPipeFeature
    {
        public PipeReader Reader => reader;
    }
}
