using System.Net;
using Google.Protobuf;
using k8s.Models;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Job.State;
using PodExecutor.Driver.Output;
using PodExecutor.Driver.Pods;
using PodExecutor.Link;

namespace PodExecutor.Driver.Runs;

/// <summary>
/// Runs one script in one container, once, however often the stream to it is cut: connects, converses, and after a cut looks
/// whether the container still lives, then connects again and goes on where it was.
/// </summary>
internal sealed class StageRunner(ApiClient api, AgentConnections agents, PreparedPod pod, CallSettings settings, JobLog log, TimeProvider time)
{
    /// <summary>Beyond the grace that the processes have: for the agent's answer to reach us.</summary>
    private static readonly TimeSpan StopSlack = TimeSpan.FromSeconds(15);

    /// <summary>A shorter interruption is not worth a line in the job log.</summary>
    private static readonly TimeSpan WorthTelling = TimeSpan.FromSeconds(5);

    /// <param name="answer">Answers what the stage's process asks; null if it asks nothing. Its failures are its own: it always answers.</param>
    /// <param name="stop">Stops the script, not the conversation: its last output and its end are still awaited.</param>
    /// <exception cref="FailureException">The container or the pod is gone, or the agent refuses.</exception>
    /// <exception cref="LinkLostException">The agent could not be reached again within the retry budget.</exception>
    /// <exception cref="ApiException">Likewise, the API server.</exception>
    public async Task<Ended> RunAsync(
        StageScript script, string container, StageOutput output, Func<ByteString, CancellationToken, Task<ByteString>>? answer, CancellationToken stop)
    {
        using var giveUp = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var limit = stop.Register(() => giveUp.CancelAfter(settings.StopGrace + StopSlack));
        var conversation = new Conversation(script, settings.StopGrace, output.WriteAsync, new AskTable(answer), time);
        var connected = false;
        return await new Retry(settings.RetryBudget, time).RunAsync(
            async (progress, token) =>
            {
                if (connected)
                {
                    await CheckAsync(container, token);
                }

                connected = true;
                await using var connection = await agents.OpenAsync(container, token);
                return await conversation.RunAsync(connection, welcome => OnFrame(welcome, container, progress), stop, token);
            },
            OnRetryAsync,
            giveUp.Token);
    }

    private void OnFrame(Welcome? welcome, string container, Action progress)
    {
        // A greeting alone is no progress: a stream that fails the same way each time must use up the budget.
        if (welcome is null)
        {
            progress();
        }
        else
        {
            agents.Met(container, (int)welcome.Port);
        }
    }

    private ValueTask OnRetryAsync(Exception failure, TimeSpan lasting)
    {
        if (lasting > WorthTelling)
        {
            log.Warning($"The agent in the pod has been unreachable for {lasting.TotalSeconds:0} s, retrying: {failure.Message}");
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Is there anything to go back to? One request, not retried: we are inside a retry.</summary>
    private async Task CheckAsync(string container, CancellationToken cancel)
    {
        V1Pod state;
        try
        {
            state = await api.GetOnceAsync<V1Pod>($"api/v1/namespaces/{pod.Namespace}/pods/{pod.Name}", cancel);
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.NotFound)
        {
            throw new FailureException(
                new Failure(
                    FailureKind.System,
                    $"Pod {pod.Name} is gone while the job runs",
                    "it was deleted in namespace " + pod.Namespace,
                    "Somebody or something (a drain, a cleaner, a preemption) deleted it; the runner may try the job again."),
                e);
        }

        if (PodVerdict.Over(state, container) is { } over)
        {
            throw new FailureException(over);
        }
    }
}
