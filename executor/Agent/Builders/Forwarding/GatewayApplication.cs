using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using PodExecutor.Agent.Builders.Choosing;
using PodExecutor.Agent.Builders.Policy;
using PodExecutor.Agent.Builders.Wire;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.Link.Builders;

namespace PodExecutor.Agent.Builders.Forwarding;

/// <summary>
/// Every call that a job makes to a builder passes here. 1. is it allowed at all? 2. a build is read, judged and changed by the policy; 3. a job's look into the
/// history is for its own builds; 4. the rest is passed on unread.
/// </summary>
internal sealed class GatewayApplication(BuildPolicy policy) : IHttpApplication<IFeatureCollection>
{
    private readonly SolvePolicy _cached = new(policy);

    /// <summary>For builders that cannot keep a cache on S3: they get neither its entries nor its credential.</summary>
    private readonly SolvePolicy _uncached = new(WithoutCache(policy));

    /// <summary>Refs of this job's builds, with what they build.</summary>
    private readonly ConcurrentDictionary<string, string> _own = new(StringComparer.Ordinal);

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var call = new GatewayCall(context);
        try
        {
            var builder = await context.GetRequiredFeature<BuilderFeature>().GetAsync(call.Aborted);
            var (body, refusal) = await JudgeAsync(call, builder);
            await (refusal is null ? CallForwarder.ForwardAsync(call, builder, body) : call.EndAsync(StatusCode.PermissionDenied, refusal));
        }
        catch (NoBuilderException e)
        {
            await call.EndAsync(StatusCode.Unavailable, e.Message);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidDataException)
        {
            await call.EndAsync(StatusCode.InvalidArgument, e.Message);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The job gave the call up while it was read.
        }
    }

    /// <returns>The body to send instead of the call's own, or why nothing is sent.</returns>
    private async Task<(byte[]? Body, string? Refusal)> JudgeAsync(GatewayCall call, BuilderConnection builder)
    {
        switch (call.Path)
        {
            case AllowedCalls.Solve:
                var solve = await call.ReadAsync(SolveRequest.Parser);
                _own[solve.Ref] = BuildIdentity.Of(solve.FrontendAttrs);
                return (await PolicyAsync(builder, call)).Apply(solve) is { } refused ? (null, refused) : (GatewayCall.Frame(solve), null);
            case AllowedCalls.BridgeSolve:
                var bridge = await call.ReadAsync(BridgeSolveRequest.Parser);
                return (await PolicyAsync(builder, call)).Apply(bridge, _own.GetValueOrDefault(call.BuildId, "")) is { } refusedBridge ? (null, refusedBridge) : (GatewayCall.Frame(bridge), null);
            case AllowedCalls.ListenHistory when policy.Cache is null:
                var history = await call.ReadAsync(HistoryRequest.Parser);
                return IsOwn(history.Ref) ? (GatewayCall.Frame(history), null) : (null, Refusal(call));
            case AllowedCalls.UpdateHistory:
                var update = await call.ReadAsync(HistoryUpdate.Parser);
                return IsOwn(update.Ref) && !update.Pinned ? (GatewayCall.Frame(update), null) : (null, Refusal(call));
            default:
                return AllowedCalls.Passes(call.Path) ? (null, null) : (null, Refusal(call));
        }
    }

    private async Task<SolvePolicy> PolicyAsync(BuilderConnection builder, GatewayCall call) =>
        policy.Cache is not null && await builder.CachesOnS3Async(call.Aborted) ? _cached : _uncached;

    private static BuildPolicy WithoutCache(BuildPolicy policy)
    {
        var plain = policy.Clone();
        plain.Cache = null;
        return plain;
    }

    // With a cache on S3 a build's record holds the cache's credential: it is shown to nobody then.
    private bool IsOwn(string reference) => reference.Length > 0 && _own.ContainsKey(reference);

    private static string Refusal(GatewayCall call) => $"{call.Path} is not allowed to jobs: {AllowedCalls.Refusal(call.Path)}.";
}
