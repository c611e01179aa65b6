using System.Text;
using Grpc.Core;
using PodExecutor.Agent.Builders.Choosing;
using PodExecutor.Agent.Builders.Forwarding;
using PodExecutor.Agent.Builders.Wire;
using PodExecutor.Agent.Images.Builds;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Transport;

namespace PodExecutor.Agent.Images.Solving;

/// <summary>
/// --check and --call: asks the frontend instead of building. Its answer is no image but texts, which only BuildKit's gateway API gives back: a build without
/// a frontend is opened, which waits for its client; the client asks the frontend in that build's name, and ends it.
/// </summary>
internal sealed class Subrequest(ImageContext context)
{
    private static readonly Method<BridgeSolveRequest, BridgeSolveResponse> Solve = new(
        MethodType.Unary, "moby.buildkit.v1.frontend.LLBBridge", "Solve", Messages.Of(BridgeSolveRequest.Parser), Messages.Of(BridgeSolveResponse.Parser));

    private static readonly Method<BridgeReturnRequest, BridgeReturnResponse> Return = new(
        MethodType.Unary, "moby.buildkit.v1.frontend.LLBBridge", "Return", Messages.Of(BridgeReturnRequest.Parser), Messages.Of(BridgeReturnResponse.Parser));

    /// <returns>The frontend's texts by their names: "result.txt", "result.json", "result.statuscode".</returns>
    /// <exception cref="BuildKitException">The builder is not reached, or the Dockerfile cannot be read.</exception>
    public async Task<IReadOnlyDictionary<string, string>> AskAsync(BuildKitEndpoint endpoint, BuildPlan plan, IRegistryAuth auth, CancellationToken cancel)
    {
        var options = new BuildKitClientOptions { Time = context.Time };
        await using var client = new BuildKitClient(endpoint, options);
        using var channel = ChannelFactory.Create(endpoint, options);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var request = SolveRequests.Of(plan, context, auth) with { Frontend = "", FrontendOptions = new Dictionary<string, string>(), Exports = [] };
        var build = client.SolveAsync(request, null, over.Token);
        var call = new CallOptions(new Metadata { { GatewayCall.BuildIdHeader, request.Ref } }, cancellationToken: cancel);
        try
        {
            var question = new BridgeSolveRequest { Frontend = "dockerfile.v0", FrontendOpt = { plan.Attributes.ToDictionary() }, AllowResultReturn = true, AllowResultArrayRef = true };
            var answer = await channel.CreateCallInvoker().AsyncUnaryCall(Solve, null, call, question);
            await channel.CreateCallInvoker().AsyncUnaryCall(Return, null, call, new BridgeReturnRequest { Result = answer.Result });
            await build;
            return answer.Result.Metadata.ToDictionary(m => m.Key, m => Encoding.UTF8.GetString(m.Value.Span), StringComparer.Ordinal);
        }
        catch (RpcException e)
        {
            await over.CancelAsync();
            await Quiet(build);
            throw Faults.IsTransport(e) ? Faults.Unreachable(endpoint, e) : FailureDetails.Read(e);
        }
    }

    private static async Task Quiet(Task build)
    {
        try
        {
            await build;
        }
        catch (Exception e) when (e is BuildKitException or OperationCanceledException)
        {
            // The answer to the question says why.
        }
    }
}
