use super::*;

fn service() -> Service {
    Service { id: "s".to_owned(), name: "x_app".to_owned(), desired: 1, ..Service::default() }
}

fn task(id: &str, state: TaskState) -> Task {
    Task {
        id: id.to_owned(),
        created: id.to_owned(),
        service: "s".to_owned(),
        state,
        wanted: !matches!(state, TaskState::Failed | TaskState::Rejected | TaskState::Shutdown),
        spec_digest: service().task_digest(),
        ..Task::default()
    }
}

fn look(tasks: &[Task]) -> Verdict {
    verdict(&[service()], tasks, &BTreeSet::new(), 3)
}

fn phase_of(verdict: &Verdict) -> &Phase {
    match verdict {
        Verdict::Waiting(progress) => &progress[0].phase,
        other => panic!("not waiting: {other:?}"),
    }
}

#[test]
fn a_running_task_of_the_current_specification_is_converged() {
    assert_eq!(look(&[task("1", TaskState::Running)]), Verdict::Converged);
}

#[test]
fn a_running_task_of_the_old_specification_is_not() {
    let old = Task { spec_digest: "old".to_owned(), ..task("1", TaskState::Running) };
    assert!(matches!(look(&[old]), Verdict::Waiting(_)));
}

#[test]
fn a_service_whose_update_is_under_way_is_not() {
    let updating = Service { updating: true, ..service() };
    let verdict = verdict(&[updating], &[task("1", TaskState::Running)], &BTreeSet::new(), 3);
    assert_eq!(phase_of(&verdict), &Phase::Replacing);
}

#[test]
fn pulling_starting_and_waiting_for_a_node_are_told_apart() {
    assert_eq!(phase_of(&look(&[])), &Phase::Scheduling);
    assert_eq!(phase_of(&look(&[task("1", TaskState::Preparing)])), &Phase::Pulling);
    assert_eq!(phase_of(&look(&[task("1", TaskState::Starting)])), &Phase::Starting);
    let stuck = Task { error: "no suitable node (insufficient memory)".to_owned(), ..task("1", TaskState::Pending) };
    assert_eq!(phase_of(&look(&[stuck])).to_string(), "no suitable node (insufficient memory)");
}

#[test]
fn a_crash_loop_is_told_after_the_limit_and_not_before() {
    let crash = |id: &str| Task {
        error: "task: non-zero exit (101)".to_owned(),
        container: Some(format!("c{id}")),
        ..task(id, TaskState::Failed)
    };
    assert!(matches!(look(&[crash("1"), crash("2"), task("3", TaskState::Starting)]), Verdict::Waiting(_)));
    let Verdict::Failed(failure) = look(&[crash("1"), crash("2"), crash("3")]) else { panic!("not failed") };
    assert_eq!(failure.to_string(), "service x_app: crash-looping (3 times): non-zero exit (101)");
    assert_eq!(failure.container.as_deref(), Some("c3"));
}

#[test]
fn a_health_check_that_never_passes_is_called_unhealthy() {
    let sick = |id: &str| Task {
        error: "task: non-zero exit (137): dockerexec: unhealthy container".to_owned(),
        ..task(id, TaskState::Failed)
    };
    let Verdict::Failed(failure) = look(&[sick("1"), sick("2"), sick("3")]) else { panic!("not failed") };
    assert_eq!(failure.kind, FailureKind::Unhealthy);
}

#[test]
fn tasks_that_had_ended_before_count_for_nothing() {
    let crash = |id: &str| task(id, TaskState::Failed);
    let old = BTreeSet::from(["1".to_owned(), "2".to_owned(), "3".to_owned()]);
    let tasks = [crash("1"), crash("2"), crash("3"), task("4", TaskState::Running)];
    assert_eq!(verdict(&[service()], &tasks, &old, 3), Verdict::Converged);
}

#[test]
fn what_the_version_before_does_at_its_end_counts_for_nothing() {
    let before = |id: &str| Task { spec_digest: "before".to_owned(), ..task(id, TaskState::Failed) };
    let tasks = [before("1"), before("2"), before("3"), task("4", TaskState::Running)];
    assert_eq!(look(&tasks), Verdict::Converged);
}

#[test]
fn a_service_that_should_run_nothing_is_converged_with_nothing() {
    let none = Service { desired: 0, ..service() };
    assert_eq!(verdict(&[none], &[], &BTreeSet::new(), 3), Verdict::Converged);
}

#[test]
fn a_task_that_ends_without_an_error_is_a_failure_unless_the_service_is_meant_to_end() {
    let done = |id: &str| Task { wanted: false, ..task(id, TaskState::Complete) };
    let Verdict::Failed(failure) = look(&[done("1"), done("2"), done("3")]) else { panic!("not failed") };
    assert_eq!(failure.kind, FailureKind::CrashLooping(3));
    let once = Service { may_complete: true, ..service() };
    assert_eq!(verdict(&[once], &[done("1")], &BTreeSet::new(), 3), Verdict::Converged);
}

#[test]
fn a_paused_update_is_not_converged_and_goes_on_once_the_new_task_runs() {
    let paused = Service { paused: true, ..service() };
    let old = Task { spec_digest: "old".to_owned(), ..task("0", TaskState::Running) };
    let running = [old.clone(), task("2", TaskState::Running)];
    assert!(matches!(verdict(std::slice::from_ref(&paused), &running, &BTreeSet::new(), 3), Verdict::Waiting(_)));
    assert!(can_go_on(&paused, &running));
    assert!(!can_go_on(&paused, &[old.clone(), task("2", TaskState::Starting)]), "it is not healthy yet");
    assert!(!can_go_on(&paused, &[old]), "only the old one runs");
    assert!(!can_go_on(&service(), &running), "nothing is paused");
}
