using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Logins;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>login and logout: docker's config.json, so that other tools of the job find the login as well.</summary>
internal static class LoginVerbs
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(20);

    public static async Task<int> LoginAsync(VerbCall call, CancellationToken cancel)
    {
        var flags = call.Parse(new("username", FlagKind.Value, 'u'), new("password", FlagKind.Value, 'p'), new("password-stdin", FlagKind.Switch));
        var context = call.Context;
        var registry = (flags.Operands.Count <= 1 ? flags.Operands.FirstOrDefault() : throw TooMany(flags)) ?? References.ImageReference.DockerHub;
        if (registry.Trim().Length == 0)
        {
            throw new ImageException($"{call.Command}: the registry's name is empty. Is the variable set?", ImageExit.Usage);
        }

        var book = new LoginBook(context.Variable, context.DockerConfigPath);
        var known = book.Find(registry);
        var user = flags.Last("username") ?? known?.Username;
        var password = flags.IsSet("password-stdin") ? (await ReadAsync(context, cancel)).TrimEnd('\r', '\n') : flags.Last("password");
        if (flags.Has("username") && password is null && known?.Username != user)
        {
            throw new ImageException($"{call.Command}: no password. A script cannot be asked: pipe it in with --password-stdin.", ImageExit.Usage);
        }

        var login = password is null ? known : new RegistryLogin(user ?? "", password);
        if (login is null || login.Secret.Length == 0)
        {
            throw new ImageException($"{call.Command}: user or password for {registry} is missing or empty. Is the variable set, and is it set for unprotected branches?", ImageExit.Usage);
        }

        var verdict = await new LoginCheck(call.Insecure(flags), context.ExtraAuthority).TryAsync(registry, login, cancel);
        if (verdict.Refused is { } refused)
        {
            throw new ImageException($"{registry} refuses the login of {login.Username}: {refused}");
        }

        DockerConfigFile.Update(context.DockerConfigPath, LockPatience, config =>
        {
            config.Set(registry, login);
            return true;
        });
        if (verdict.NotAsked is { } why)
        {
            context.Warn($"{registry} could not be asked from this pod ({why}). The login is kept; the builder will use it.");
        }

        context.Output.WriteLine("Login Succeeded");
        return ImageExit.Success;
    }

    public static Task<int> LogoutAsync(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var flags = call.Parse();
        var registry = flags.Operands.FirstOrDefault() ?? References.ImageReference.DockerHub;
        var path = call.Context.DockerConfigPath;
        var wasThere = File.Exists(path) && DockerConfigFile.Update(path, LockPatience, config => config.Remove(registry));
        call.Context.Output.WriteLine(wasThere ? $"Removing login credentials for {registry}" : $"Not logged in to {registry}");
        return Task.FromResult(ImageExit.Success);
    }

    private static async Task<string> ReadAsync(ImageContext context, CancellationToken cancel)
    {
        using var reader = new StreamReader(context.OpenInput());
        return await reader.ReadToEndAsync(cancel);
    }

    private static ImageException TooMany(ParsedFlags flags) =>
        new($"{flags.Command}: one registry is expected, {flags.Operands.Count} are given. Is a password with a blank not in quotes?", ImageExit.Usage);
}
