using System.Net.Sockets;
using Grpc.Core;
using PodExecutor.BuildKit.Session;
using PodExecutor.BuildKit.Wire.Session;

namespace PodExecutor.BuildKit.Ssh;

/// <summary>moby.sshforward.v1.SSH: one ForwardAgent for each connection that a step opens to its agent socket.</summary>
internal sealed class SshService(IReadOnlyDictionary<string, SshAgent> agents)
{
    private const string DefaultId = "default";

    public async Task CheckAgentAsync(SessionCall call)
    {
        var request = await call.ReadOneAsync(CheckAgentRequest.Parser).ConfigureAwait(false);
        _ = Find(request.Id);
        await call.SendAsync(new CheckAgentResponse()).ConfigureAwait(false);
    }

    public async Task ForwardAgentAsync(SessionCall call)
    {
        var id = call.FirstMetadata("buildkit.ssh.id") ?? "";
        Stream agent;
        try
        {
            agent = await Find(id).ConnectAsync(call.Cancelled).ConfigureAwait(false);
        }
        catch (SocketException error)
        {
            throw new BuildKitException($"The SSH agent \"{NameOf(id)}\" cannot be reached: {error.Message}. Does it run, and is SSH_AUTH_SOCK its socket?", error);
        }

        await using (agent.ConfigureAwait(false))
        {
            await call.StartAsync().ConfigureAwait(false);
            // It ends with the call: when the agent has closed its side, what the step still sends goes nowhere.
            _ = CopyToAgentAsync(call, agent);
            await ByteMessages.SendAllAsync(call, agent).ConfigureAwait(false);   // an agent that dies ends the call: the step sees it
        }
    }

    private static async Task CopyToAgentAsync(SessionCall call, Stream agent)
    {
        try
        {
            while (await ByteMessages.ReadAsync(call).ConfigureAwait(false) is { } data)
            {
                using (data)
                {
                    await agent.WriteAsync(data.Memory, call.Cancelled).ConfigureAwait(false);
                }
            }

            if (agent is NetworkStream network)
            {
                network.Socket.Shutdown(SocketShutdown.Send);
            }
            else
            {
                (agent as KeySshAgent.ConversationStream)?.CompleteRequests();
            }
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Either side has gone; the other copy ends with it.
        }
    }

    private SshAgent Find(string id) => agents.TryGetValue(NameOf(id), out var agent)
        ? agent
        : throw new SessionFault(StatusCode.NotFound, $"no SSH agent \"{NameOf(id)}\" was given to the build");

    private static string NameOf(string id) => id.Length == 0 ? DefaultId : id;
}
