using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using PodExecutor.Agent.Builders.Choosing;
using PodExecutor.Agent.Builders.Policy;
using PodExecutor.Agent.Builders.Wire;
using PodExecutor.BuildKit.Session;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.Link.Builders;

namespace PodExecutor.Agent.Builders.Forwarding;

/// <summary>
/// Every call that a job makes to a builder passes here. 1. is it allowed at all? 2. a build is read, judged and changed by the policy; 3. what is about one build is
/// for the job's own builds; 4. the rest is passed on unread.
/// </summary>
internal sealed class GatewayApplication(BuildPolicy policy, TimeProvider time) : IHttpApplication<IFeatureCollection>
{
    private readonly SolvePolicy _cached = new(policy);

    /// <summary>For builders that cannot keep a cache on S3: they get neither its entries nor its credential.</summary>
    private readonly SolvePolicy _uncached = new(WithoutCache(policy));

    private readonly OwnBuilds _own = new(time);

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
            var verdict = await JudgeAsync(call, builder);
            await (verdict.Refusal is null ? CallForwarder.ForwardAsync(call, builder, verdict.Body) : call.EndAsync(verdict.Code, verdict.Refusal));
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

    private async Task<CallVerdict> JudgeAsync(GatewayCall call, BuilderConnection builder)
    {
        switch (call.Path)
        {
            case AllowedCalls.Solve:
                return await JudgeAsync(await call.ReadAsync(SolveRequest.Parser), call, builder);
            case AllowedCalls.BridgeSolve:
                var bridge = await call.ReadAsync(BridgeSolveRequest.Parser);
                return await _own.FindAsync(call.BuildId, call.Aborted) is not { } image ? CallVerdict.NotOwn(call.BuildId)
                    : (await PolicyAsync(builder, call)).Apply(bridge, image) is { } refused ? CallVerdict.Refused(refused)
                    : CallVerdict.Send(bridge);
            case AllowedCalls.Status:
                var status = await call.ReadAsync(StatusRequest.Parser);
                return await _own.FindAsync(status.Ref, call.Aborted) is null ? CallVerdict.NotOwn(status.Ref) : CallVerdict.Send(status);
            case AllowedCalls.Session:
                SeparateFiles(call);
                return CallVerdict.Unread;
            // With a cache on S3 a build's record holds the cache's credential: it is shown to nobody then.
            case AllowedCalls.ListenHistory when policy.Cache is null:
                var history = await call.ReadAsync(HistoryRequest.Parser);
                return _own.Has(history.Ref) ? CallVerdict.Send(history) : CallVerdict.Refused(Refusal(call));
            case AllowedCalls.UpdateHistory:
                var update = await call.ReadAsync(HistoryUpdate.Parser);
                return _own.Has(update.Ref) && !update.Pinned ? CallVerdict.Send(update) : CallVerdict.Refused(Refusal(call));
            default:
                return !AllowedCalls.Passes(call.Path) ? CallVerdict.Refused(Refusal(call))
                    : AllowedCalls.IsOfABuild(call.Path) && await _own.FindAsync(call.BuildId, call.Aborted) is null ? CallVerdict.NotOwn(call.BuildId)
                    : CallVerdict.Unread;
        }
    }

    private async Task<CallVerdict> JudgeAsync(SolveRequest solve, GatewayCall call, BuilderConnection builder)
    {
        var image = BuildIdentity.Of(solve.FrontendAttrs);
        if ((await PolicyAsync(builder, call)).Apply(solve) is { } refused)
        {
            return CallVerdict.Refused(refused);
        }

        // A ref that the builder knows already is another job's: this one would be shown that build in place of its own.
        if (solve.Ref.Length == 0 || (!_own.Has(solve.Ref) && await builder.KnowsAsync(solve.Ref, call.Aborted)))
        {
            return CallVerdict.Refused($"There is a build \"{solve.Ref}\" on this builder that this job has not begun: give each build a ref of its own.");
        }

        _own.Add(solve.Ref, image);
        return CallVerdict.Send(solve);
    }

    /// <summary>
    /// The builder keeps what a session has sent under the key that the session names, and asks for a file again only if size or time differ: a project that names another
    /// one's key would be given the other's contents.
    /// </summary>
    private void SeparateFiles(GatewayCall call)
    {
        if (policy.CacheNamespace.Length > 0)
        {
            call.Request.Headers[SessionProtocol.SharedKeyHeader] = $"{policy.CacheNamespace}/{call.Request.Headers[SessionProtocol.SharedKeyHeader].FirstOrDefault()}";
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

    private static string Refusal(GatewayCall call) => $"{call.Path} is not allowed to jobs: {AllowedCalls.Refusal(call.Path)}.";
}
